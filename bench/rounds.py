"""In which order does a bench run its contenders, and what is made of their figures?

Interleaved: each repetition runs all of them, beginning with another one each time, with the next seed. Ratios are
taken within a repetition, so that a slow minute of the machine touches both sides; medians over the repetitions.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bench.children import ChildFailed

Rows = Sequence[Mapping[str, Any]]
OURS = "ours"  #: the key of this project, or how its keys begin


class Turn(NamedTuple):
    """One run to do."""

    repetition: int
    seed: int
    key: str


class Spread(NamedTuple):
    """Median, least and greatest of some runs."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


def turns(keys: Sequence[str], repetitions: int, seeds: Sequence[int]) -> Iterator[Turn]:
    """Every contender once per repetition."""
    for repetition in range(repetitions):
        first = repetition % len(keys)
        for key in (*keys[first:], *keys[:first]):
            yield Turn(repetition, seeds[repetition % len(seeds)], key)


def run(turn: Turn, measure: Callable[[Turn], Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of one turn, or `failed` with the reason: the others go on. Figures may say themselves `failed`."""
    known = {"contender": turn.key, "repetition": turn.repetition, "seed": turn.seed}
    try:
        return {**known, **measure(turn)}
    except ChildFailed as error:
        return {**known, "failed": str(error)}


def good(rows: Rows, key: str) -> dict[int, Mapping[str, Any]]:
    """The runs of one contender that did not fail, by repetition."""
    return {row["repetition"]: row for row in rows if row["contender"] == key and "failed" not in row}


def spread(rows: Rows, key: str, figure: str) -> Spread | None:
    """None where no run succeeded."""
    values = [float(row[figure]) for row in good(rows, key).values()]
    return Spread.of(values) if values else None


def ratio(rows: Rows, key: str, to: str, figure: str) -> Spread | None:
    """This contender's figure as a multiple of that of `to` in the same repetition."""
    others = good(rows, to)
    values = [
        float(row[figure]) / float(others[repetition][figure])
        for repetition, row in good(rows, key).items()
        if repetition in others and others[repetition][figure]
    ]
    return Spread.of(values) if values else None
