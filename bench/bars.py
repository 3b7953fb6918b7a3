"""Which bars must this project pass, and does it? Medians of ratios within a repetition, or figures of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.rounds import OURS, Rows, Spread, good, ratio, spread


@dataclass(frozen=True)
class Bar:
    """`figure` of ours, as a multiple of `peer`'s where one is named, is at most `most`; better still at most `aim`.

    `most` is None where there is an aim and no bar.

    `in_every_run`: the worst run counts, not the median. `ours`: the key of the run of ours that is judged.
    """

    what: str
    figure: str
    most: float | None
    peer: str = ""
    aim: float | None = None
    in_every_run: bool = False
    ours: str = OURS


class Verdict(NamedTuple):
    """`found` is None where nothing was measured; then, and where there is no bar, nothing is said of `passed`."""

    bar: Bar
    found: Spread | None
    passed: bool | None

    @property
    def word(self) -> str:
        without = "not measured" if self.found is None else "no bar"
        return {True: "pass", False: "FAIL", None: without}[self.passed]

    @property
    def aim_reached(self) -> str:
        """Blank where there is no aim, or nothing was found."""
        if self.bar.aim is None or self.found is None:
            return ""
        return "yes" if judged(self.bar, self.found) <= self.bar.aim else "no"

    def facts(self) -> dict[str, object]:
        """For the JSON document."""
        bar = self.bar
        limits = {"what": bar.what, "figure": bar.figure, "peer": bar.peer, "most": bar.most, "aim": bar.aim}
        return {**limits, "found": self.found and self.found._asdict(), "verdict": self.word}


def judged(bar: Bar, found: Spread) -> float:
    return found.most if bar.in_every_run else found.median


CPU, P99 = "cpu_us_per_update", "p99_ms"
WHOLE = (
    Bar("faults", "faults", 0, in_every_run=True),
    Bar("updates merged into others", "merged", 0, in_every_run=True),
)
BARS: dict[str, Sequence[Bar]] = {
    "A": (
        Bar("CPU per update / socket.io's", CPU, 0.7, "socketio", aim=0.55),
        Bar("CPU per update / ws's", CPU, 1.0, "ws", aim=0.8),
        Bar("p99 / socket.io's", P99, 1.25, "socketio", aim=1.0),
        *WHOLE,
    ),
    "B": (
        Bar("CPU per update / socket.io's", CPU, 1 / 5, "socketio", aim=1 / 6),
        Bar("CPU per update / ws's", CPU, 1 / 5, "ws", aim=1 / 6),
        Bar("CPU per update / the Node hub's", CPU, 1.1, "ws-hub"),
        Bar("p99 / the Node hub's", P99, 1.25, "ws-hub"),
        Bar(
            "share of the offered updates not delivered (the draw of popular symbols: ±0.02)", "undelivered_share", 0.05
        ),
        *WHOLE,
    ),
    "C": (
        Bar("p99 / socket.io's", P99, 1.0, "socketio"),
        Bar("p99 / ws's", P99, 1.0, "ws"),
        Bar("p99, ms", P99, None, aim=10.0),
        *WHOLE,
    ),
    "D": (
        Bar("faults", "faults", 0, in_every_run=True),
        Bar("growth of memory in the measured time, MB", "rss_growth_mb", 16, in_every_run=True),
        Bar("p99 of the second half / of the first", "p99_half_ratio", 1.25),
    ),
    "memory": (Bar("web process, kB per connection", "web_kb_per_socket", 64),),
    "memory-1000": (Bar("web process, kB per connection", "web_kb_per_socket", 64),),
    "stalled": (
        Bar("p99 of the others while sockets stall / before", "p99_half_ratio", 1.2),
        Bar("growth of memory while sockets stall, MB", "rss_growth_second_half_mb", 20, in_every_run=True),
        Bar("faults", "faults", 0, in_every_run=True),
    ),
}


def judge(rows: Rows, bars: Sequence[Bar]) -> Iterator[Verdict]:
    """Each bar against the rows of one bench. A run of ours that failed fails what counts in every run."""
    for bar in bars:
        failed = any("failed" in row for row in rows if row["contender"] == bar.ours)
        found = ratio(rows, bar.ours, bar.peer, bar.figure) if bar.peer else spread(rows, bar.ours, bar.figure)
        if found is None:
            yield Verdict(bar, None, False if bar.most is not None and failed and not good(rows, bar.ours) else None)
        elif bar.most is None:
            yield Verdict(bar, found, None)
        else:
            yield Verdict(bar, found, judged(bar, found) <= bar.most and not (failed and bar.in_every_run))
