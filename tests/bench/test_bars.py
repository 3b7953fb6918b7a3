"""Is a bar judged by the median of ratios, or by the worst run where every run counts?"""

from __future__ import annotations

from typing import Any

import pytest

from bench.bars import BARS, Bar, judge
from bench.loads import LOADS


def rows(ours: list[float], peer: list[float]) -> list[dict[str, Any]]:
    values = {"ours": ours, "peer": peer}
    return [
        {"contender": key, "repetition": number, "cost": cost}
        for key in values
        for number, cost in enumerate(values[key])
    ]


def word(found: list[dict[str, Any]], bar: Bar) -> str:
    return next(judge(found, [bar])).word


def test_the_median_of_the_ratios_counts() -> None:
    found = rows([1, 1, 9], [2, 2, 1])
    assert word(found, Bar("cost", "cost", 0.5, "peer")) == "pass"
    assert word(found, Bar("cost", "cost", 0.4, "peer")) == "FAIL"


def test_the_worst_run_counts_where_every_run_does() -> None:
    bar = Bar("cost", "cost", 0, in_every_run=True)
    assert word(rows([0, 0, 0], []), bar) == "pass"
    assert word(rows([0, 0, 1], []), bar) == "FAIL"


def test_a_run_that_failed_fails_what_every_run_must_keep() -> None:
    failed = {"contender": "ours", "repetition": 1, "failed": "ended early"}
    assert word([*rows([0], []), failed], Bar("cost", "cost", 0, in_every_run=True)) == "FAIL"


def test_nothing_is_said_of_a_peer_that_did_not_run() -> None:
    assert word(rows([1], []), Bar("cost", "cost", 1, "peer")) == "not measured"


def test_the_aim_is_said_apart_from_the_bar() -> None:
    verdict = next(judge(rows([6], [10]), [Bar("cost", "cost", 0.7, "peer", aim=0.55)]))
    assert (verdict.word, verdict.aim_reached) == ("pass", "no")


def test_an_aim_may_stand_without_a_bar() -> None:
    verdict = next(judge(rows([6], []), [Bar("cost", "cost", None, aim=10)]))
    assert (verdict.passed, verdict.word, verdict.aim_reached) == (None, "no bar", "yes")


@pytest.mark.parametrize("load", BARS)
def test_every_bar_belongs_to_a_load_that_can_be_run(load: str) -> None:
    assert load in LOADS
