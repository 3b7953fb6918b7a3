"""Our engine in a thread of this process, which can be ended and begun again."""

from __future__ import annotations

import threading
from pathlib import Path

import zmq

from bridge.conformance.subject import Addresses
from bridge.simulator.options import EngineOptions, market_of
from bridge.simulator.server import ClockUs, Engine, wall_clock_us
from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.curve import KeyRing
from bridge.sockets.pump import Socket
from tests.bridge.waiting import until

QUIET = EngineOptions(symbols=2, rate=20.0)
ANY = EngineAddresses(*["tcp://127.0.0.1:*"] * 4)


def where(socket: Socket) -> str:
    """Where it listens, with the port that was chosen for `*`."""
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")


class EngineThread:
    """`addresses` are where this life of it listens."""

    def __init__(self, directory: Path, keyring: KeyRing, clock_us: ClockUs = wall_clock_us) -> None:
        self._directory, self._keyring, self._clock_us = directory, keyring, clock_us
        self.addresses: Addresses | None = None
        self._fault: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="engine", daemon=True)
        self._thread.start()
        until(lambda: self.addresses or self._fault, "the engine listens")
        assert self._fault is None

    def end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _live(self) -> None:
        try:
            engine = Engine(
                market_of(QUIET),
                QUIET,
                directory=self._directory,
                keyring=self._keyring,
                addresses=ANY,
                clock_us=self._clock_us,
            )
        except BaseException as fault:
            self._fault = fault
            raise
        sockets = engine._sockets
        bound = (sockets.market_data, sockets.commands, sockets.queries, sockets.work)
        self.addresses = Addresses(*map(where, bound))
        try:
            engine.run(self._stop)
        finally:
            engine.close()
