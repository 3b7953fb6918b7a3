"""How often was a connection lost? libzmq mends it by itself and tells nobody but a monitor."""

from __future__ import annotations

import itertools

import zmq

from bridge.sockets.monitoring import event_of
from bridge.sockets.options import configure
from bridge.sockets.pump import Context

EVENTS_KEPT = 1_000

_numbers = itertools.count(1)


class Disconnections:
    """`seen` counts them for one socket, in its thread. A peer whose frame exceeds `MAXMSGSIZE` is cut off, too."""

    def __init__(self, context: Context, socket: zmq.Socket[bytes]) -> None:
        """Before the socket connects."""
        address = f"inproc://disconnections-{next(_numbers)}"
        self.seen = 0
        self._socket = socket
        socket.monitor(address, zmq.EVENT_DISCONNECTED)
        self._monitor = configure(context.socket(zmq.PAIR), hwm=EVENTS_KEPT)
        self._monitor.connect(address)

    def look(self) -> None:
        """Brings `seen` up to date."""
        while self._monitor.poll(0):
            self.seen += event_of(self._monitor.recv_multipart(zmq.NOBLOCK)) == zmq.EVENT_DISCONNECTED

    def close(self) -> None:
        """Before the socket is closed."""
        self._socket.disable_monitor()
        self._monitor.close()
