"""The engine for development does all that the page asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.conformance.catalogue import chosen
from bridge.conformance.checks import CHECKS
from bridge.conformance.subject import Addresses
from bridge.conformance.verdicts import Verdict
from bridge.simulator.server import wall_clock_us
from bridge.sockets.curve import KeyRing
from tests.bridge.conformance.engines import EngineThread
from tests.bridge.conformance.playing import TERMS, named, played, spoiled

MINUTE_US = 60_000_000
RESTART = chosen(CHECKS, ["restart"], core=False)
BARS = chosen(CHECKS, ["bars"], core=False)


@pytest.fixture
def addresses(tmp_path: Path, keyring: KeyRing) -> Iterator[Addresses]:
    engine = EngineThread(tmp_path / "engine", keyring)
    assert engine.addresses is not None
    yield engine.addresses
    engine.end()


def test_it_passes_every_check(addresses: Addresses, keyring: KeyRing) -> None:
    results = played(addresses, keyring, terms=TERMS._replace(burst_orders=400))
    assert named(results, Verdict.FAILED) == {}
    assert set(named(results, Verdict.NOT_RUN)) == {"bars", "restart"}


def test_it_remembers_over_a_restart_what_the_page_asks_for(tmp_path: Path, keyring: KeyRing) -> None:
    with spoiled(tmp_path / "engine", keyring) as engine:
        results = played(engine.addresses, keyring, RESTART, TERMS._replace(restart=engine.restart))
    assert results["restart"].verdict is Verdict.PASSED, results


def test_an_engine_that_forgets_over_a_restart_fails(tmp_path: Path, keyring: KeyRing) -> None:
    with spoiled(tmp_path / "engine", keyring) as engine:
        terms = TERMS._replace(restart=lambda: engine.restart(tmp_path / "another"))
        results = played(engine.addresses, keyring, RESTART, terms)
    assert results["restart"].verdict is Verdict.FAILED, results


def test_it_pushes_a_bar_at_the_end_of_a_minute(tmp_path: Path, keyring: KeyRing) -> None:
    """On an engine whose clock is late, so that a minute ends soon."""
    late_us = (wall_clock_us() + 10_000_000) % MINUTE_US
    engine = EngineThread(tmp_path / "engine", keyring, lambda: wall_clock_us() - late_us)
    assert engine.addresses is not None
    results = played(engine.addresses, keyring, BARS, TERMS._replace(bars=True))
    engine.end()
    assert results["bars"].verdict is Verdict.PASSED, results


def test_nothing_is_played_where_there_is_no_engine(addresses: Addresses, keyring: KeyRing) -> None:
    nowhere = addresses._replace(commands="tcp://127.0.0.1:1")
    results = played(nowhere, keyring, terms=TERMS._replace(patience_seconds=0.2))
    assert {result.verdict for result in results.values()} == {Verdict.NOT_RUN}
    assert "there is no engine" in results["welcome"].seen
