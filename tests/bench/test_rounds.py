"""Are contenders run in turn, and figures compared within a repetition?"""

from __future__ import annotations

from typing import Any

from bench.children import ChildFailed
from bench.rounds import Spread, Turn, ratio, run, spread, turns


def row(contender: str, repetition: int, cost: float) -> dict[str, Any]:
    return {"contender": contender, "repetition": repetition, "cost": cost}


def test_every_repetition_runs_all_and_begins_with_another_one() -> None:
    assert [turn.key for turn in turns(["a", "b", "c"], 2, [1])] == ["a", "b", "c", "b", "c", "a"]


def test_seeds_are_used_in_turn_and_are_the_same_for_all_within_a_repetition() -> None:
    assert [turn.seed for turn in turns(["a", "b"], 3, [7, 8])] == [7, 7, 8, 8, 7, 7]


def test_a_ratio_is_taken_within_a_repetition() -> None:
    rows = [row("ours", 0, 1.0), row("peer", 0, 3.0), row("ours", 1, 100.0), row("peer", 1, 200.0)]
    assert ratio(rows, "peer", "ours", "cost") == Spread(2.5, 2.0, 3.0)


def test_a_repetition_that_failed_on_either_side_is_left_out() -> None:
    failed = {"contender": "ours", "repetition": 1, "failed": "ended early"}
    rows = [row("ours", 0, 1.0), row("peer", 0, 3.0), failed, row("peer", 1, 200.0)]
    assert ratio(rows, "peer", "ours", "cost") == Spread(3.0, 3.0, 3.0)
    assert spread(rows, "ours", "cost") == Spread(1.0, 1.0, 1.0)


def test_nothing_is_said_of_a_contender_that_never_ran() -> None:
    assert spread([], "peer", "cost") is None
    assert ratio([row("ours", 0, 1.0)], "peer", "ours", "cost") is None


def test_a_run_that_fails_is_a_row_and_not_the_end() -> None:
    def fail(_turn: Turn) -> dict[str, Any]:
        raise ChildFailed("peer ended early")

    assert run(Turn(0, 1, "peer"), fail) == {
        "contender": "peer",
        "repetition": 0,
        "seed": 1,
        "failed": "peer ended early",
    }
