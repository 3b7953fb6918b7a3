"""Does the bench of the gate measure every line that it shows, and leave the core as it was?"""

from __future__ import annotations

from pathlib import Path

from bench.gate_command import BARS, TITLES, measure
from bench.gate_process import Nothing, without_gate
from bench.rounds import OURS
from orders.core import admitting, draft


def test_every_line_is_measured(tmp_path: Path) -> None:
    found = measure(5, tmp_path)
    assert set(found) == set(TITLES)
    assert all(found[f"{name}_{kind}"] > 0 for name in ("place", "batch", "fill") for kind in ("on", "off"))


def test_every_bar_judges_a_line() -> None:
    assert {bar.ours for bar in BARS} <= {f"{OURS}/{name}" for name in TITLES}


def test_the_gate_is_away_only_where_it_is_asked_to_be() -> None:
    before = (admitting.Case, admitting.judge, draft.GateDraft)
    with without_gate():
        assert draft.GateDraft is Nothing and admitting.judge is not before[1]
    assert (admitting.Case, admitting.judge, draft.GateDraft) == before
