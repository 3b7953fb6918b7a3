"""Each fault of an engine is found by the check that covers it, and troubles no other check."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bridge.conformance.verdicts import Result, Verdict
from bridge.sockets.curve import KeyRing
from tests.bridge.conformance.faults import FAULTS
from tests.bridge.conformance.playing import TERMS, named, played, spoiled

AT_ONCE = 12  #: most of a run is waiting
#: Enough to fill what lies between the broken publisher and its slow reader. It then answers nothing at all.
BURST = TERMS._replace(burst_orders=400, patience_seconds=10.0)

#: The transcripts that everybody asks for; the other faults wait for --long.
EVERY_TIME = {
    "curve",
    "versions",
    "session-fence",
    "duplicate-order",
    "late-command",
    "cancel-fill-race",
    "replace-order",
    "mass-cancel",
    "dead-man",
    "report-sequence",
    "replay",
    "malformed-commands",
    "market-numbers",
    "book-snapshot",
    "slow-subscriber",
    "clock",
}

Runs = dict[str, Future[dict[str, Result]]]


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys_directory: Path
) -> Iterator[Runs]:
    """All checks against each broken engine that is asked for, side by side."""
    wanted = [check for check in FAULTS if check in EVERY_TIME or request.config.getoption("--long")]
    home, keyring = tmp_path_factory.mktemp("broken"), KeyRing(keys_directory)

    def run(check: str) -> dict[str, Result]:
        terms = BURST if check == "slow-subscriber" else TERMS
        with spoiled(home / check, keyring, FAULTS[check]) as engine:
            return played(engine.addresses, keyring, terms=terms)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {check: pool.submit(run, check) for check in wanted}


def marked(check: str) -> Any:
    marks = () if check in EVERY_TIME else pytest.mark.long
    return pytest.param(check, marks=marks, id=f"{FAULTS[check].__name__}-{check}")


@pytest.mark.parametrize("check", [marked(check) for check in FAULTS])
def test_a_broken_engine_fails_the_check_of_its_fault_and_no_other(runs: Runs, check: str) -> None:
    failed = named(runs[check].result(), Verdict.FAILED)
    assert list(failed) == [check], failed
