"""A wire that can be made to swallow everything: TCP stays open, nothing comes through."""

from __future__ import annotations

import select
import socket
import threading

CHUNK_BYTES = 65_536
LOOK_SECONDS = 0.02
CONNECT_SECONDS = 1.0


class TcpProxy:
    """Forwards connections to `target` (`tcp://host:port`) from an address of its own, in one thread."""

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("tcp://").partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends: dict[socket.socket, socket.socket] = {}  #: each end of a connection → the other
        self._forwarding = threading.Event()
        self._forwarding.set()
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def swallow(self) -> None:
        """From now on nothing passes; connections stay open, and new ones are taken."""
        self._forwarding.clear()

    @property
    def is_called_again(self) -> bool:
        """While it swallows: has somebody given a connection up and tries another?"""
        return bool(select.select([self._listener], [], [], 0)[0])

    def forward(self) -> None:
        """What waits passes again."""
        self._forwarding.set()

    def close(self) -> None:
        self._closing = True
        self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            if self._forwarding.wait(LOOK_SECONDS):
                self._pass_on()
        for one in (self._listener, *self._ends):
            one.close()

    def _pass_on(self) -> None:
        readable, _, _ = select.select([self._listener, *self._ends], [], [], LOOK_SECONDS)
        for one in readable:
            if one is self._listener:
                self._accept()
            elif one in self._ends:
                self._carry(one)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target, CONNECT_SECONDS)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        self._ends |= {near: far, far: near}

    def _carry(self, one: socket.socket) -> None:
        try:
            data = one.recv(CHUNK_BYTES)
            if data:
                self._ends[one].sendall(data)
                return
        except OSError:
            pass  # a broken connection ends like one that was closed
        other = self._ends.pop(one)
        del self._ends[other]
        one.close()
        other.close()
