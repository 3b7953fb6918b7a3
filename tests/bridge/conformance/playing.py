"""How a test plays checks against an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from bridge.conformance.catalogue import Check
from bridge.conformance.checks import CHECKS
from bridge.conformance.subject import Addresses, Subject, Terms
from bridge.conformance.suite import play
from bridge.conformance.verdicts import Result, Verdict
from bridge.sockets.curve import KeyRing
from tests.bridge.conformance.engines import EngineThread
from tests.bridge.conformance.spoiler import Faithful, Spoiler

TERMS = Terms(patience_seconds=20.0, watch_seconds=1.0, dead_man_ms=500, burst_orders=50)


def played(
    addresses: Addresses, keyring: KeyRing, checks: Iterable[Check] = CHECKS, terms: Terms = TERMS
) -> dict[str, Result]:
    """The results by the names of their checks."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        subject = Subject(context, keyring, addresses, terms)
        return {result.name: result for result in play(checks, subject)}
    finally:
        context.destroy(linger=0)


def named(results: dict[str, Result], verdict: Verdict) -> dict[str, str]:
    """What was seen, by the names of the checks with this verdict."""
    return {name: result.seen for name, result in results.items() if result.verdict is verdict}


class Spoiled:
    """An engine and the go-between before it. `restart` gives it another life with the same journal."""

    def __init__(self, directory: Path, keyring: KeyRing, fault: Faithful) -> None:
        self._directory, self._keyring = directory, keyring
        self.engine = EngineThread(directory, keyring)
        assert self.engine.addresses is not None
        self.spoiler = Spoiler(keyring, self.engine.addresses, fault)

    @property
    def addresses(self) -> Addresses:
        return self.spoiler.addresses

    def restart(self, directory: Path | None = None) -> None:
        """In `directory`, where it is to know nothing of the life before."""
        self.engine.end()
        self.engine = EngineThread(directory or self._directory, self._keyring)
        assert self.engine.addresses is not None
        self.spoiler.follow(self.engine.addresses)

    def close(self) -> None:
        self.spoiler.close()
        self.engine.end()


@contextmanager
def spoiled(directory: Path, keyring: KeyRing, fault: Callable[[], Faithful] = Faithful) -> Iterator[Spoiled]:
    both = Spoiled(directory, keyring, fault())
    try:
        yield both
    finally:
        both.close()
