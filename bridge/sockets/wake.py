"""How do other threads interrupt a thread that waits for sockets?"""

from __future__ import annotations

import itertools
import threading

import zmq

from bridge.sockets.options import configure

_numbers = itertools.count(1)


class Wake:
    """An inproc PAIR: `signal()` from any thread makes `socket` readable; the waiting thread calls `clear()`.

    Signals that nobody has cleared yet are one signal, so nothing can pile up.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        address = f"inproc://wake-{next(_numbers)}"
        self.socket = configure(context.socket(zmq.PAIR), hwm=1000)
        self.socket.bind(address)
        self._sender = configure(context.socket(zmq.PAIR), hwm=1000)
        self._sender.connect(address)
        self._lock = threading.Lock()
        self._signalled = False

    def signal(self) -> None:
        if self._signalled:
            return
        with self._lock:
            if not self._signalled and not self._sender.closed:
                self._signalled = True
                self._sender.send(b"")

    def clear(self) -> None:
        """Called by the waiting thread before it looks at its work, so that later work signals again."""
        with self._lock:
            if self._signalled:
                self.socket.recv()
                self._signalled = False

    def close(self) -> None:
        """Called by the waiting thread at its end; a later `signal` does nothing."""
        with self._lock:
            self._sender.close()
            self.socket.close()
