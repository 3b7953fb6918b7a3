"""How does code on an event loop use ZeroMQ sockets? One plain thread per process owns them all.

`zmq.asyncio` needs `add_reader`, which the Windows proactor loop lacks; a thread is right on every loop. Frames that
arrive are handed to a callback in the pump thread (code on a loop passes them on with `call_soon_threadsafe`); frames
to send wait in a bounded queue per port.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import zmq

from bridge.sockets.throttle import Throttle
from bridge.sockets.wake import Wake

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]
Frames = list[bytes]
T = TypeVar("T")

logger = logging.getLogger(__name__)

PORT_CAPACITY = 1000  #: frames that may wait to be sent, per port
CALL_CAPACITY = 10_000  #: calls that may wait, per pump
TURN = 100  #: messages a port may read or send before the next one has its turn
START_SECONDS = 10.0
READABLE, WRITABLE = int(zmq.POLLIN), int(zmq.POLLOUT)  #: plain numbers: `&` of zmq's own is Python code


class PortFull(Exception):
    """The port's queue is full; nothing was queued."""


class PortClosed(Exception):
    """The port or its pump was closed; nothing was queued."""


class Port:
    """One socket of the pump. All methods may be called from any thread.

    `faults` counts what the pump survived on this port: "callback" (it raised), "receive", "send".
    """

    def __init__(
        self,
        pump: Pump,
        on_frames: Callable[[Frames], None],
        on_unsent: Callable[[Frames], None] | None,
        capacity: int,
    ) -> None:
        self.faults: Counter[str] = Counter()
        self.closed = False
        self.on_frames = on_frames
        self.on_unsent = on_unsent
        self.outbox: deque[Frames] = deque()
        self._pump = pump
        self._capacity = capacity

    def send(self, frames: Frames) -> None:
        """Queue one message; the order of calls is the order of sending.

        Without `on_unsent` a message the socket cannot take yet waits; with it, it is handed back at once.
        Raises `PortFull` or `PortClosed`.
        """
        self.put(frames)
        self.wake()

    def put(self, frames: Frames) -> None:
        """As `send`, but it leaves with the next `wake` at the latest: of many messages one is enough."""
        if self.closed:
            raise PortClosed
        if len(self.outbox) >= self._capacity:
            raise PortFull
        self.outbox.append(frames)

    def wake(self) -> None:
        self._pump.outgoing(self)

    def call(self, function: Callable[[Socket], None]) -> None:
        """Run `function(socket)` in the pump thread, in the order of the calls. Raises `PortFull` or `PortClosed`."""
        if self.closed:
            raise PortClosed
        self._pump.submit(lambda: self._pump.apply(self, function))

    def close(self) -> None:
        """Send what the socket takes at once, then close it; harmless when repeated."""
        if not self.closed:
            self.closed = True
            self._pump.retire(self)


class Pump:
    """The thread, its context and its ports. `context` is public so that keys' gatekeepers can join it."""

    def __init__(self, name: str = "zmq-pump") -> None:
        self.context: Context = zmq.Context()
        self._wake = Wake(self.context)
        self._poller = zmq.Poller()
        self._poller.register(self._wake.socket, zmq.POLLIN)
        self._sockets: dict[Port, Socket] = {}
        self._ports: dict[Socket, Port] = {}
        self._blocked: set[Port] = set()
        self._calls: deque[Callable[[], None]] = deque()
        self._dirty: deque[Port] = deque()
        self._closing = False
        self._throttle = Throttle()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Messages of all ports that wait to be sent."""
        return sum(len(port.outbox) for port in tuple(self._sockets))

    def attach(
        self,
        open_socket: Callable[[Context], Socket],
        on_frames: Callable[[Frames], None],
        *,
        on_unsent: Callable[[Frames], None] | None = None,
        capacity: int = PORT_CAPACITY,
    ) -> Port:
        """A port over the socket that `open_socket(context)` returns, configured and connected or bound.

        Both callbacks run in the pump thread. What `open_socket` raises is raised here.
        """
        if self._closing:
            raise PortClosed
        port = Port(self, on_frames, on_unsent, capacity)
        opened: Future[None] = Future()
        if threading.current_thread() is self._thread:
            self._open(port, open_socket, opened)
        else:
            self.submit(lambda: self._open(port, open_socket, opened))
        opened.result(START_SECONDS)
        return port

    def close(self) -> None:
        """Close every port and end the thread; harmless when repeated."""
        self._closing = True
        self._wake.signal()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # --- called by ports, from any thread --------------------------------------------------------------------------
    def submit(self, call: Callable[[], None]) -> None:
        if self._closing:
            raise PortClosed
        if len(self._calls) >= CALL_CAPACITY:
            raise PortFull
        self._calls.append(call)
        self._wake.signal()

    def outgoing(self, port: Port) -> None:
        self._dirty.append(port)
        self._wake.signal()

    def retire(self, port: Port) -> None:
        if not self._closing:
            self._calls.append(lambda: self._close(port))
            self._wake.signal()

    # --- in the pump thread ------------------------------------------------------------------------------------------
    def apply(self, port: Port, function: Callable[[Socket], None]) -> None:
        if (socket := self._sockets.get(port)) is not None:
            self._guarded(port, "callback", function, socket)

    def _open(self, port: Port, open_socket: Callable[[Context], Socket], opened: Future[None]) -> None:
        try:
            socket = open_socket(self.context)
        except Exception as error:
            opened.set_exception(error)
            return
        self._sockets[port] = socket
        self._ports[socket] = port
        self._poller.register(socket, zmq.POLLIN)
        opened.set_result(None)

    def _run(self) -> None:
        try:
            while not self._closing:
                self._step()
        finally:
            self._closing = True
            for port in list(self._sockets):
                port.closed = True
                self._close(port)
            self._wake.close()
            self.context.destroy(linger=0)  # a socket whose opening failed half-way would make term() wait for ever

    def _step(self) -> None:
        ready = dict(self._poller.poll())
        self._wake.clear()
        for _ in range(len(self._calls)):
            self._calls.popleft()()
        self._send_waiting()
        for socket, events in ready.items():
            port = self._ports.get(socket)
            if port is None:
                continue  # the wake socket, or closed by a call of this step
            if events & WRITABLE:
                self._send(port, socket)
            if events & READABLE:
                self._receive(port, socket)

    def _send_waiting(self) -> None:
        waiting = {self._dirty.popleft(): None for _ in range(len(self._dirty))}
        for port in waiting:
            socket = self._sockets.get(port)
            if socket is not None and port not in self._blocked:
                self._send(port, socket)

    def _send(self, port: Port, socket: Socket) -> None:
        """Send up to a turn of the port's queue; what stays is sent when the socket can take it again."""
        for _ in range(min(TURN, len(port.outbox))):
            if not self._send_one(port, socket, port.outbox[0]):
                break
            port.outbox.popleft()
        self._block(port, socket, bool(port.outbox))

    def _send_one(self, port: Port, socket: Socket, frames: Frames) -> bool:
        """True when done with `frames`: sent, or handed back; False when they are to wait."""
        try:
            socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again as error:
            if port.on_unsent is None:
                return False
            self._unsent(port, frames, error)
        except zmq.ZMQError as error:  # EHOSTUNREACH and the like: waiting would not help
            self._unsent(port, frames, error)
        return True

    def _unsent(self, port: Port, frames: Frames, error: zmq.ZMQError) -> None:
        if port.on_unsent is not None:
            self._guarded(port, "callback", port.on_unsent, frames)
        else:
            port.faults["send"] += 1
            self._say("The pump could not send a message", port, error)

    def _block(self, port: Port, socket: Socket, blocked: bool) -> None:
        if blocked != (port in self._blocked):
            (self._blocked.add if blocked else self._blocked.discard)(port)
            self._poller.modify(socket, zmq.POLLIN | zmq.POLLOUT if blocked else zmq.POLLIN)

    def _receive(self, port: Port, socket: Socket) -> None:
        for _ in range(TURN):
            if socket.closed:
                return
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            except zmq.ZMQError as error:
                port.faults["receive"] += 1
                self._say("The pump could not receive a message", port, error)
                return
            self._guarded(port, "callback", port.on_frames, frames)

    def _guarded(self, port: Port, kind: str, function: Callable[[T], None], argument: T) -> None:
        try:
            function(argument)
        except Exception as error:
            port.faults[kind] += 1
            self._say("A callback of the pump raised", port, error)

    def _say(self, sentence: str, port: Port, error: Exception) -> None:
        if self._throttle.due():
            logger.error(sentence, exc_info=error, extra={"faults": dict(port.faults)})

    def _close(self, port: Port) -> None:
        socket = self._sockets.pop(port, None)
        if socket is None:
            return
        while port.outbox and self._send_one(port, socket, port.outbox[0]):
            port.outbox.popleft()
        del self._ports[socket]
        self._blocked.discard(port)
        self._poller.unregister(socket)
        socket.close()


_process: dict[str, Pump] = {}
_process_lock = threading.Lock()


def process_pump() -> Pump:
    """The pump of this process, started by the first call and closed at exit."""
    with _process_lock:
        if "pump" not in _process:
            pump = _process["pump"] = Pump()
            atexit.register(pump.close)
        return _process["pump"]
