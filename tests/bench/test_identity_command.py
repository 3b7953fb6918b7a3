"""Does the bench of identity measure every line that it shows, and judge lines that there are?"""

from __future__ import annotations

from pathlib import Path

from bench.identity_command import BARS, SUMS, TITLES, measure, with_sums
from bench.rounds import OURS


def test_every_line_is_measured_and_costs_something(tmp_path: Path) -> None:
    found = measure(10, tmp_path)
    assert set(found) == set(TITLES) - SUMS
    assert all(spent_us > 0 for name, spent_us in found.items() if name != "added")  # which is a difference
    assert set(with_sums(found)) == set(TITLES)


def test_what_a_screen_pays_is_its_share_of_what_comes_now_and_then() -> None:
    found = dict.fromkeys(TITLES, 0.0) | {"added": 100.0, "look": 20.0, "refresh": 6_000.0}
    sums = with_sums(found)
    assert sums["slow"] == 120
    assert sums["screen"] == 102


def test_every_bar_judges_a_line() -> None:
    assert {bar.ours for bar in BARS} <= {f"{OURS}/{name}" for name in TITLES}
