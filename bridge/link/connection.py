"""One attempt at a connection to the engine's command socket: is it there, was it lost, and why?

A new DEALER per attempt, and no reconnection by libzmq: behind it the engine could be restarted without our noticing,
and the next command would reach it ahead of our Hello.
"""

from __future__ import annotations

from collections.abc import Iterator

import zmq

from bridge.sockets.arrivals import arrivals
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.monitoring import event_of
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Frames, Socket

RECEIVE_HWM = 10_000  #: reports that may wait for us; beyond it the engine drops, and we ask for replay
SEND_HWM = 256  #: commands that may wait for the network: few, for they have deadlines

#: Each ends the attempt.
ENDINGS: dict[int, str] = {
    zmq.EVENT_CLOSED: "the engine is not listening",
    zmq.EVENT_DISCONNECTED: "the engine closed the connection",
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "the engine refused our key",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "the handshake failed: its key is not the one we know, or it is no engine",
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "the handshake failed",
}
WATCHED = zmq.EVENT_CLOSED | zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
WATCHED |= zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL


class Connection:
    """A DEALER of our own identity and the monitor that watches it. `socket` can be polled before `connect`."""

    def __init__(self, context: Context, keyring: KeyRing, role: Role, identity: bytes) -> None:
        self.socket: Socket = configure(
            context.socket(zmq.DEALER), hwm=RECEIVE_HWM, send_hwm=SEND_HWM, identity=identity, reconnect=False
        )
        keyring.connect(self.socket, role, Role.ENGINE)
        self._monitor = self.socket.get_monitor_socket(WATCHED)

    def connect(self, address: str) -> None:
        self.socket.connect(address)

    def send(self, frames: Frames) -> bool:
        """False where there is no connection or its queue is full; nothing is ever kept for later."""
        try:
            self.socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self, most: int) -> Iterator[Frames]:
        """The messages that wait, at most so many."""
        return arrivals(self.socket, most)

    def ending(self) -> str | None:
        """Why the attempt has ended; None while it has not."""
        try:
            event = event_of(self._monitor.recv_multipart(zmq.NOBLOCK))
        except zmq.Again:
            return None
        return ENDINGS.get(event, "the connection ended")

    def close(self, linger_ms: int = 0) -> None:
        """What was sent last has so long to leave; a context that is ended waits for it."""
        self.socket.disable_monitor()
        self._monitor.close(linger=0)
        self.socket.close(linger=linger_ms)
