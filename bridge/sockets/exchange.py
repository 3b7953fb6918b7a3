"""How do the processes of one machine talk in groups without a broker? Through an XSUB/XPUB proxy.

Every publisher sends everything to the proxy, which filters: it subscribes to all upstream at once and forwards no
subscription. So a subscription that is in force at the proxy is in force for every publisher, and a publisher, which
sees that one subscription come and go, knows whether the proxy is there.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import zmq

from bridge.sockets.arrivals import is_readable
from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.gates import Gate
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Port, PortClosed, PortFull, Pump, Socket
from bridge.sockets.throttle import Throttle
from bridge.sockets.wake import Wake

logger = logging.getLogger(__name__)

EXCHANGE_HWM = 1000  #: messages per peer
LOOK_MS = 500  #: so that a revoked key is noticed without traffic
TURN = 100  #: messages the proxy forwards before it looks at the rest
EVERYTHING = b"\x01"  #: the subscription to all topics; b"\x00" takes it back


def group_topic(group: str) -> bytes:
    """The NUL ends the name, so that group `a` does not receive what is sent to `ab`."""
    return b"g:" + group.encode("ascii") + b"\0"


class LayerProxy:
    """The proxy in a thread of its own: publishers connect to one address, subscribers to the other.

    A port may be `*`; `publish_address` and `subscribe_address` hold the addresses bound. Raises zmq.ZMQError where one
    cannot be bound and `KeyFault` where a key is missing.
    """

    def __init__(self, keyring: KeyRing, publish_address: str, subscribe_address: str) -> None:
        self.forwarded = 0
        self._context: Context = zmq.Context()
        self.gatekeeper = Gatekeeper(self._context, keyring)
        self._wake = Wake(self._context)
        self._stopping = False
        try:
            self.gatekeeper.allow(Domain.LAYER, ADMITTED[Domain.LAYER])
            self._upstream, publish = self._bound(zmq.XSUB, keyring, publish_address)
            self._downstream, subscribe = self._bound(zmq.XPUB, keyring, subscribe_address)
        except BaseException:
            self.gatekeeper.stop()
            self._context.destroy(linger=0)
            raise
        self.publish_address, self.subscribe_address = publish.address, subscribe.address
        self._gates = (publish, subscribe)
        self._upstream.send(EVERYTHING)
        self._thread = threading.Thread(target=self._run, name="layer-proxy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close both addresses; harmless when repeated."""
        self._stopping = True
        self._wake.signal()
        self._thread.join()

    def _bound(self, pattern: int, keyring: KeyRing, address: str) -> tuple[Socket, Gate]:
        socket = configure(self._context.socket(pattern), hwm=EXCHANGE_HWM)
        self.gatekeeper.watch(socket, Domain.LAYER)
        keyring.serve(socket, Role.LAYER, Domain.LAYER)
        return socket, Gate(self.gatekeeper, socket, Domain.LAYER, address)

    def _run(self) -> None:
        poller = zmq.Poller()
        for socket in (self._upstream, self._downstream, self._wake.socket):
            poller.register(socket, zmq.POLLIN)
        try:
            while not self._stopping:
                readable = dict(poller.poll(LOOK_MS))
                self._wake.clear()
                for gate in self._gates:
                    gate.look()
                self._forward(self._upstream in readable)
                self._drain(self._downstream in readable)
        finally:
            self._upstream.close()
            self._downstream.close()
            self._wake.close()
            self.gatekeeper.stop()
            self._context.term()

    def _forward(self, readable: bool) -> None:
        """Pass on what publishers sent. A subscriber that is a thousand messages behind misses the newest."""
        for _ in range(TURN if readable else 0):
            try:
                frames = self._upstream.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._downstream.send_multipart(frames, zmq.NOBLOCK, copy=False)
            self.forwarded += 1

    def _drain(self, readable: bool) -> None:
        """XPUB has applied the subscriptions already; it shows them so that they could be forwarded."""
        for _ in range(TURN if readable else 0):
            try:
                self._downstream.recv(zmq.NOBLOCK)
            except zmq.Again:
                return


def open_publisher(context: Context, keyring: KeyRing, role: Role, address: str) -> Socket:
    """An XPUB connected to the proxy: readable when the proxy comes or goes, zmq.Again when its queue is full."""
    socket = configure(context.socket(zmq.XPUB), hwm=EXCHANGE_HWM, no_drop=True)
    keyring.connect(socket, role, Role.LAYER)
    socket.connect(address)
    return socket


def open_subscriber(context: Context, keyring: KeyRing, role: Role, address: str) -> Socket:
    """A SUB connected to the proxy, subscribed to nothing yet."""
    socket = configure(context.socket(zmq.SUB), hwm=EXCHANGE_HWM)
    keyring.connect(socket, role, Role.LAYER)
    socket.connect(address)
    return socket


class LayerPublisher:
    """Sends to the channel layer's groups from one plain thread. `dropped` counts what could not be sent."""

    def __init__(self, context: Context, keyring: KeyRing, role: Role, address: str) -> None:
        self.dropped = 0
        self.connected = False
        self._socket = open_publisher(context, keyring, role, address)
        self._throttle = Throttle()

    def group_send(self, group: str, message: dict[str, Any]) -> bool:
        """Send `message` (with its `type`) to all members of `group`; False where it was dropped. Never blocks."""
        return self.group_send_encoded(group, msgspec.msgpack.encode(message))

    def group_send_encoded(self, group: str, body: bytes) -> bool:
        """The same for a message that is MessagePack already."""
        self._notice_proxy()
        if self.connected:
            try:
                self._socket.send_multipart([group_topic(group), body], zmq.NOBLOCK)
                return True
            except zmq.Again:
                pass  # counted below, like the proxy's absence
        self.dropped += 1
        if self._throttle.due():
            logger.warning("A channel-layer message was dropped", extra={"group": group, "dropped": self.dropped})
        return False

    def wait_connected(self, timeout_seconds: float) -> bool:
        """Whether the proxy is there, at the latest after the time-out."""
        self._notice_proxy()
        if not self.connected and self._socket.poll(int(timeout_seconds * 1000)):
            self._notice_proxy()
        return self.connected

    def close(self) -> None:
        self._socket.close()

    def _notice_proxy(self) -> None:
        while is_readable(self._socket):
            self.connected = self._socket.recv(zmq.NOBLOCK) == EVERYTHING


class ExchangeLine:
    """A process's two sockets to the proxy, on its pump. Methods may be called from any thread.

    `on_message(frames)` (topic first) and `on_connected()` run in the pump thread. `counts`: "unsent", "connected".
    """

    def __init__(
        self,
        pump: Pump,
        open_sockets: tuple[Callable[[Context], Socket], Callable[[Context], Socket]],
        on_message: Callable[[list[bytes]], None],
        on_connected: Callable[[], None],
    ) -> None:
        self.counts: Counter[str] = Counter(unsent=0, connected=0)
        self.connected = False
        self._on_connected = on_connected
        self._throttle = Throttle()
        self._lock = threading.Lock()
        publisher, subscriber = open_sockets
        self._subscriber: Port = pump.attach(subscriber, on_message)
        self._publisher: Port = pump.attach(publisher, self._on_notice, on_unsent=self._count_unsent)

    def subscribe(self, topic: bytes) -> None:
        self._subscriber.call(lambda socket: socket.set(zmq.SUBSCRIBE, topic))

    def unsubscribe(self, topic: bytes) -> None:
        self._subscriber.call(lambda socket: socket.set(zmq.UNSUBSCRIBE, topic))

    def publish(self, frames: list[bytes]) -> bool:
        """False where the proxy is not there or the queue is full; it is counted, and said now and then."""
        if self.connected:
            try:
                self._publisher.send(frames)
                return True
            except (PortFull, PortClosed):
                pass  # counted below, like the proxy's absence
        self._count_unsent(frames)
        return False

    def close(self) -> None:
        self._publisher.close()
        self._subscriber.close()

    def _on_notice(self, frames: list[bytes]) -> None:
        self.connected = frames[0] == EVERYTHING
        if self.connected:
            self.counts["connected"] += 1
            self._on_connected()

    def _count_unsent(self, frames: list[bytes]) -> None:
        with self._lock:
            self.counts["unsent"] += 1
        if self._throttle.due():
            logger.warning("A channel-layer message could not be sent", extra={"unsent": self.counts["unsent"]})
