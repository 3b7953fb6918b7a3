"""Do the engines on the kit do all that docs/engine-link.md asks for? `manage.py engine_check` plays against them."""

from __future__ import annotations

from pathlib import Path

import pytest
import zmq

from bridge.conformance.catalogue import Check, chosen
from bridge.conformance.checks import CHECKS
from bridge.conformance.subject import Addresses, Subject, Terms
from bridge.conformance.suite import play
from bridge.conformance.verdicts import Result, Verdict
from tests.bridge.simulator.peer import EngineProcess
from tests.engine.conftest import Launch

pytestmark = pytest.mark.timeout(600)  # whoever comes first compiles
TERMS = Terms(patience_seconds=20.0, watch_seconds=1.0, dead_man_ms=500)
NOT_WAITED_FOR = {"bars"}  #: up to a minute


def played(engine: EngineProcess, checks: tuple[Check, ...]) -> list[Result]:
    def restart() -> None:
        engine.kill()
        engine.restart()

    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        terms = TERMS._replace(restart=restart)
        return list(play(checks, Subject(context, engine.keyring, Addresses(*engine.addresses), terms)))
    finally:
        context.destroy(linger=0)


def not_passed(results: list[Result]) -> dict[str, str]:
    return {result.name: result.seen for result in results if result.verdict is not Verdict.PASSED}


def test_the_reference_engine_passes_every_check(launch: Launch) -> None:
    results = played(launch(), chosen(CHECKS, [], core=False))
    assert set(not_passed(results)) == NOT_WAITED_FOR, not_passed(results)


def test_the_minimal_engine_passes_the_core_in_less_than_a_hundred_lines(launch: Launch, minimal_engine: Path) -> None:
    results = played(launch(command=(minimal_engine,)), chosen(CHECKS, [], core=True))
    assert results
    assert not_passed(results) == {}
    source = Path(__file__).resolve().parents[2] / "engine" / "examples" / "minimal" / "main.cpp"
    assert len(source.read_text(encoding="utf-8").splitlines()) < 100
