"""What does a channel layer do besides carrying messages? Channels, groups, bounds and proofs, over whatever line.

What every Channels layer promises holds here too: at most once, at most `capacity` messages waiting per channel (the
newest are dropped and counted), `expiry` seconds of life. Beyond it: `group_add` returns once the subscription is
proven to be in force, and an unreachable line never blocks and never raises in `send` or `group_send`.
Channels live in the process that made them, as in channels-redis' pub/sub layer.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
from channels.layers import BaseChannelLayer

from bridge.sockets.bell import Bell
from bridge.sockets.exchange import group_topic
from bridge.sockets.membership import Membership, Subscription, UnknownChannel
from bridge.sockets.pump import PortClosed, PortFull
from bridge.sockets.throttle import Throttle

logger = logging.getLogger(__name__)

FIRST_PROBE_SECONDS = 0.005
LAST_PROBE_SECONDS = 0.1

_decoder = msgspec.msgpack.Decoder(dict[str, Any])


class LayerUnavailable(ConnectionError):
    """What carries the channel layer did not answer in time."""


class Line(Protocol):
    """A process's connection to what carries the layer. Methods may be called from any thread and never block.

    `counts`: "unsent", "connected" (how often). A topic subscribed to after another is in force after it.
    """

    counts: Counter[str]
    connected: bool

    def subscribe(self, topic: bytes) -> None: ...
    def unsubscribe(self, topic: bytes) -> None: ...
    def publish(self, frames: list[bytes]) -> bool: ...
    def close(self) -> None: ...


class GroupLayer(BaseChannelLayer):
    """The layer of one process, for all its event loops; a subclass opens its line.

    `counts()`: "full" (a channel was over capacity), "expired", "malformed", "unknown" (no such channel), "unsent",
    "unproven" (a group was joined and its subscription not seen to work in time).
    """

    extensions = ["groups"]

    def __init__(
        self,
        expiry: float = 60,
        capacity: int = 100,
        channel_capacity: dict[Any, int] | None = None,
        *,
        group_expiry: float = 86_400,
        connect_seconds: float = 1.0,
        proof_seconds: float = 5.0,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity)
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        self._connect_seconds = connect_seconds
        self._proof_seconds = proof_seconds
        self._client = uuid.uuid4().hex
        self._client_topic = _client_topic(self._client)
        self._membership = Membership(expiry, group_expiry)
        self._faults: Counter[str] = Counter(expired=0, malformed=0, unproven=0)
        self._throttle = Throttle()
        self._line: Line | None = None
        self._line_lock = threading.Lock()
        self._connected = Bell()  #: rung by the line's thread
        self._first_connect_by = 0.0

    # --- what a subclass says ----------------------------------------------------------------------------------------
    def _open(self) -> Line:
        """A new line that gives `_on_message` what it receives and rings `_connected` when it is there."""
        raise NotImplementedError

    def _unproven(self, group: str) -> None:
        """The subscription was not proven in time: raise, and the channel is no member; return, and it is one."""
        raise LayerUnavailable(f"The channel layer did not answer within {self._proof_seconds} s")

    # --- channels ----------------------------------------------------------------------------------------------------
    async def new_channel(self, prefix: str = "specific") -> str:
        line = self._opened()
        channel = f"{prefix}.{self._client}!{uuid.uuid4().hex}"
        self.require_valid_channel_name(channel)
        _unsubscribe(line, self._membership.open(channel, self.get_capacity(channel)))
        return channel

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send to one channel of any process; lost (and counted) where it cannot be delivered."""
        self.require_valid_channel_name(channel)
        if "!" not in channel:
            raise UnknownChannel(f"{channel!r} was not made by new_channel(); this layer carries no other channels")
        client = channel.split("!")[0].rpartition(".")[2]
        await self._publish([_client_topic(client), channel.encode(), msgspec.msgpack.encode(message)])

    async def receive(self, channel: str) -> dict[str, Any]:
        """The next message of a channel that this process made; `UnknownChannel` for any other."""
        self.require_valid_channel_name(channel)
        mailbox = self._membership.mailbox(channel)
        while True:
            expires_at, body = await mailbox.take()
            if expires_at <= time.monotonic():
                self._lost("expired")
                continue
            try:
                return _decoder.decode(body)
            except msgspec.MsgspecError:
                self._lost("malformed")

    # --- groups ------------------------------------------------------------------------------------------------------
    async def group_add(self, group: str, channel: str) -> None:
        """Make `channel` a member: what is sent to the group after this returns reaches it."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        line = self._opened()
        subscription, topics = self._membership.join(group, channel)
        try:
            _subscribe(line, topics)
            if not await self._proven(line, subscription):
                self._faults["unproven"] += 1
                self._unproven(group)
        except BaseException:
            _unsubscribe(line, self._membership.leave(group, channel))
            raise

    async def group_discard(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        _unsubscribe(self._opened(), self._membership.leave(group, channel))

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to every member in every process; lost (and counted) where it cannot be delivered."""
        self.require_valid_group_name(group)
        await self._publish([group_topic(group), msgspec.msgpack.encode(message)])

    # --- its state ---------------------------------------------------------------------------------------------------
    def counts(self) -> Counter[str]:
        """What was lost since the start, by reason."""
        unsent = {"unsent": self._line.counts["unsent"]} if self._line else {}
        return self._membership.counts + self._faults + Counter(unsent)

    @property
    def connected(self) -> bool:
        """Is what carries the layer there, as far as this process knows?"""
        return self._line is not None and self._line.connected

    async def close(self) -> None:
        """Leave every group and give the line back; the next use opens another."""
        with self._line_lock:
            line, self._line = self._line, None
        self._membership.clear()
        if line is not None:
            line.close()

    # --- in whatever task calls --------------------------------------------------------------------------------------
    def _opened(self) -> Line:
        with self._line_lock:
            if self._line is None:
                self._line = self._open()
                self._line.subscribe(self._client_topic)
                self._first_connect_by = time.monotonic() + self._connect_seconds
            return self._line

    async def _publish(self, frames: list[bytes]) -> None:
        """Only before the first connection is there anything to wait for, and that once and for moments."""
        line = self._opened()
        left = self._first_connect_by - time.monotonic()
        if left > 0 and not line.counts["connected"]:
            await self._connected.wait_at_most(lambda: bool(line.counts["connected"]), left)
        line.publish(frames)

    async def _proven(self, line: Line, subscription: Subscription) -> bool:
        """Publish on a topic subscribed after the group's until it arrives: then both are in force."""
        deadline, pause = time.monotonic() + self._proof_seconds, FIRST_PROBE_SECONDS
        while not subscription.proven:
            if line.connected:
                line.publish([subscription.proof_topic, b""])
            await subscription.bell.wait_at_most(lambda: subscription.proven, pause)
            pause = min(2 * pause, LAST_PROBE_SECONDS)
            if not subscription.proven and time.monotonic() > deadline:
                return False
        return True

    def _lost(self, reason: str) -> None:
        self._faults[reason] += 1
        if self._throttle.due():
            logger.warning("A channel-layer message was not taken", extra={"why": reason, "counts": self.counts()})

    # --- in the line's thread ----------------------------------------------------------------------------------------
    def _on_message(self, frames: list[bytes]) -> None:
        topic, *rest = frames
        if topic == self._client_topic and len(rest) == 2:
            self._membership.deliver_channel(rest[0].decode("ascii", "replace"), rest[1])
        elif self._membership.proven(topic):
            if self._line is not None:
                self._line.unsubscribe(topic)
        elif len(rest) == 1:
            self._membership.deliver_group(topic, rest[0])


def _client_topic(client: str) -> bytes:
    """The topic on which a process receives what is sent to its channels."""
    return b"c:" + client.encode("ascii") + b"\0"


def _subscribe(line: Line, topics: Iterable[bytes]) -> None:
    try:
        for topic in topics:
            line.subscribe(topic)
    except (PortFull, PortClosed) as error:
        raise LayerUnavailable("What carries the channel layer takes no more work") from error


def _unsubscribe(line: Line, topics: Iterable[bytes]) -> None:
    try:
        for topic in topics:
            line.unsubscribe(topic)
    except (PortFull, PortClosed):
        logger.warning("A group could not be unsubscribed", extra={"topics": list(topics)})
