"""Which sockets does the engine bind, and who may connect?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role
from bridge.sockets.gates import Gate
from bridge.sockets.options import configure

MARKET_DATA_HWM = 10_000
COMMANDS_HWM = 10_000
QUERIES_HWM = 100
WORK_HWM = 1_000
LAST_WORD_SECONDS = 0.2


class EngineAddresses(NamedTuple):
    """Where the four sockets are bound."""

    market_data: str
    commands: str
    queries: str
    work: str


class EngineSockets:
    """PUB, ROUTER, REP and PUSH, all CURVE servers of domain `engine`, and the gatekeeper before them."""

    def __init__(self, keyring: KeyRing) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.gatekeeper = Gatekeeper(self._context, keyring)
        self.gatekeeper.allow(Domain.ENGINE, ADMITTED[Domain.ENGINE])
        self._keyring = keyring
        self.market_data = self._server(zmq.PUB, MARKET_DATA_HWM)
        self.commands = self._server(zmq.ROUTER, COMMANDS_HWM)
        self.queries = self._server(zmq.REP, QUERIES_HWM)
        self.work = self._server(zmq.PUSH, WORK_HWM)
        self._gates: list[Gate] = []
        self._poller = zmq.Poller()
        self._poller.register(self.commands, zmq.POLLIN)
        self._poller.register(self.queries, zmq.POLLIN)

    def bind(self, addresses: EngineAddresses) -> None:
        """Open the doors; `zmq.ZMQError` where an address is taken."""
        for socket, address in zip((self.market_data, self.commands, self.queries, self.work), addresses, strict=True):
            self._gates.append(Gate(self.gatekeeper, socket, Domain.ENGINE, address))

    def readable(self, wait_ms: int) -> dict[zmq.Socket[bytes], int]:
        """The sockets with a message waiting, after at most `wait_ms`."""
        for gate in self._gates:
            gate.look()
        return dict(self._poller.poll(wait_ms))

    def waiting(self, socket: zmq.Socket[bytes], most: int) -> Iterator[list[bytes]]:
        """The messages that wait at `socket`, at most `most` of them."""
        for _ in range(most):
            try:
                yield socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return

    def close(self) -> None:
        """Close all, a moment after the last status: readers drop what they have not read when the connection ends."""
        time.sleep(LAST_WORD_SECONDS)
        for socket in (self.market_data, self.commands, self.queries, self.work):
            socket.close()
        self.gatekeeper.stop()
        self._context.term()

    def _server(self, pattern: int, hwm: int) -> zmq.Socket[bytes]:
        socket = configure(self._context.socket(pattern), hwm=hwm)
        self.gatekeeper.watch(socket, Domain.ENGINE)
        self._keyring.serve(socket, Role.ENGINE, Domain.ENGINE)
        return socket
