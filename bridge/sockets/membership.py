"""Which channels of this process receive which group, and what waits for them?

Pure bookkeeping between tasks on event loops, which join, leave and take, and the one thread that delivers.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterable

from bridge.sockets.bell import Bell, Waiter, wake
from bridge.sockets.exchange import group_topic
from bridge.sockets.throttle import Throttle

logger = logging.getLogger(__name__)


class UnknownChannel(TypeError):
    """The channel was not made by this process, or nobody has received on it for too long."""


class Mailbox:
    """What waits for one channel: the delivering thread puts, any task takes."""

    __slots__ = ("bell", "capacity", "groups", "letters", "touched")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.letters: deque[tuple[float, bytes]] = deque()
        self.bell = Bell()
        self.groups: set[str] = set()
        self.touched = time.monotonic()

    def put(self, body: bytes, expires_at: float) -> bool:
        """False where the mailbox is full. Only one thread puts, so the check holds."""
        if len(self.letters) >= self.capacity:
            return False
        self.letters.append((expires_at, body))
        return True

    async def take(self) -> tuple[float, bytes]:
        """The oldest letter: the monotonic time it expires at, and its body."""
        while True:
            self.touched = time.monotonic()
            await self.bell.wait(lambda: bool(self.letters))
            try:
                return self.letters.popleft()
            except IndexError:  # another receiver of this channel, on another loop, was quicker
                continue


class Subscription:
    """A group this process receives: one subscription at the proxy, however many channels are members."""

    __slots__ = ("bell", "mailboxes", "members", "proof_topic", "proven")

    def __init__(self) -> None:
        self.members: dict[str, Mailbox] = {}
        self.mailboxes: tuple[Mailbox, ...] = ()  #: replaced, never changed: deliveries read it without a lock
        self.proof_topic = b"s:" + uuid.uuid4().hex.encode() + b"\0"
        self.proven = False
        self.bell = Bell()

    def add(self, channel: str, mailbox: Mailbox) -> None:
        self.members[channel] = mailbox
        self.mailboxes = tuple(self.members.values())

    def remove(self, channel: str) -> None:
        self.members.pop(channel, None)
        self.mailboxes = tuple(self.members.values())


class Membership:
    """The channels and groups of one process. `counts`: "full" (a channel was over capacity), "unknown".

    The topics that a method returns are for the caller to subscribe to or to unsubscribe from, in that order.
    """

    def __init__(self, expiry_seconds: float, group_expiry_seconds: float) -> None:
        self.counts: Counter[str] = Counter(full=0, unknown=0)
        self._throttle = Throttle()
        self._expiry_seconds = expiry_seconds
        self._group_expiry_seconds = group_expiry_seconds
        self._lock = threading.Lock()
        self._mailboxes: dict[str, Mailbox] = {}
        self._groups: dict[str, Subscription] = {}
        self._by_topic: dict[bytes, Subscription] = {}  #: by group topic and by the topic of a proof under way
        self._next_sweep = 0.0

    def open(self, channel: str, capacity: int) -> list[bytes]:
        """Make the mailbox of `channel`; returns topics to unsubscribe from (of channels forgotten meanwhile)."""
        with self._lock:
            dropped = self._sweep(time.monotonic())
            self._mailboxes[channel] = Mailbox(capacity)
        return dropped

    def mailbox(self, channel: str) -> Mailbox:
        with self._lock:
            if (mailbox := self._mailboxes.get(channel)) is None:
                raise UnknownChannel(f"{channel!r} was not made by this process's new_channel(), or was idle too long")
            return mailbox

    def join(self, group: str, channel: str) -> tuple[Subscription, list[bytes]]:
        """Make `channel` a member; returns topics to subscribe to, in this order, if it is the group's first."""
        mailbox = self.mailbox(channel)
        with self._lock:
            topics: list[bytes] = []
            if (subscription := self._groups.get(group)) is None:
                subscription = self._groups[group] = Subscription()
                topics = [group_topic(group), subscription.proof_topic]
                self._by_topic.update(dict.fromkeys(topics, subscription))
            subscription.add(channel, mailbox)
            mailbox.groups.add(group)
            return subscription, topics

    def leave(self, group: str, channel: str) -> list[bytes]:
        """End a membership, if there is one; returns topics to unsubscribe from if it was the group's last."""
        with self._lock:
            return self._leave(group, channel)

    def clear(self) -> None:
        with self._lock:
            self._mailboxes.clear()
            self._groups.clear()
            self._by_topic.clear()

    # --- in the delivering thread ------------------------------------------------------------------------------------
    def proven(self, topic: bytes) -> bool:
        """Whether `topic` is the proof of a subscription, which then is in force: its topic is done with."""
        subscription = self._by_topic.get(topic)
        if subscription is None or topic != subscription.proof_topic:
            return False
        with self._lock:
            subscription.proven = True
            self._by_topic.pop(topic, None)
        subscription.bell.ring()
        return True

    def deliver_group(self, topic: bytes, body: bytes) -> None:
        subscription = self._by_topic.get(topic)
        self._put(subscription.mailboxes if subscription else (), body)

    def deliver_channel(self, channel: str, body: bytes) -> None:
        with self._lock:
            mailbox = self._mailboxes.get(channel)
        if mailbox is None:
            self._lost("unknown")
        else:
            self._put((mailbox,), body)

    def _put(self, mailboxes: Iterable[Mailbox], body: bytes) -> None:
        expires_at = time.monotonic() + self._expiry_seconds
        waiters: list[Waiter] = []
        for mailbox in mailboxes:
            if mailbox.put(body, expires_at):
                waiters += mailbox.bell.take()
            else:
                self._lost("full")
        wake(waiters)

    def _lost(self, reason: str) -> None:
        self.counts[reason] += 1
        if self._throttle.due():
            logger.warning(
                "A channel-layer message was not delivered", extra={"why": reason, "counts": dict(self.counts)}
            )

    # --- under the lock ----------------------------------------------------------------------------------------------
    def _leave(self, group: str, channel: str) -> list[bytes]:
        subscription = self._groups.get(group)
        if subscription is None or (mailbox := subscription.members.get(channel)) is None:
            return []
        mailbox.groups.discard(group)
        subscription.remove(channel)
        if subscription.members:
            return []
        del self._groups[group]
        topics = (group_topic(group), subscription.proof_topic)
        return [topic for topic in topics if self._by_topic.pop(topic, None) is not None]

    def _sweep(self, now: float) -> list[bytes]:
        """Forget channels that nobody has received on for long: consumers do not say when they are done."""
        if now < self._next_sweep:
            return []
        self._next_sweep = now + self._expiry_seconds
        dropped: list[bytes] = []
        for channel, mailbox in list(self._mailboxes.items()):
            lifetime = self._group_expiry_seconds if mailbox.groups else self._expiry_seconds
            if not mailbox.bell.awaited and now - mailbox.touched > lifetime:
                for group in list(mailbox.groups):
                    dropped += self._leave(group, channel)
                del self._mailboxes[channel]
        return dropped
