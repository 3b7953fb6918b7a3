"""How does a run read as a page? Every check with its limit, its state, and the figures behind it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from tests.scoreboard.checks import CHECKS, NOT_PROVEN_HERE, PARTS
from tests.scoreboard.figures import Figure

TESTS = Path(__file__).resolve().parent.parent
FIXTURE = "measured"


class State(StrEnum):
    """What may be said of a check."""

    PASS = "pass"
    PART = "part"
    FAIL = "fail"
    NOT_RUN = "not in this run"
    NOT_BUILT = "not yet built"


MEANINGS = {
    State.PASS: "every part of it was measured and held",
    State.PART: "its tests passed; what is missing of it is named",
    State.FAIL: "a test of it failed",
    State.NOT_RUN: "a test measures it and was not run",
    State.NOT_BUILT: "no test measures it",
}


@dataclass(frozen=True)
class Run:
    """What one or more runs of pytest wrote. Of a test that several have run, the last one's figures count."""

    figures: list[Figure]
    notes: list[str]  #: commit, machine and moment of each

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Run:
        figures: dict[str, list[Figure]] = {}
        notes: dict[str, None] = {}
        for path in paths:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            notes[f"Commit {found['commit']} on {found['at']}: {found['machine']}"] = None
            figures |= by_test(Figure(**given) for given in found["figures"])
        return cls([figure for of_test in figures.values() for figure in of_test], list(notes))

    def of(self, check: int) -> list[Figure]:
        return [figure for figure in self.figures if figure.check == check]

    def state(self, check: int) -> State:
        found = self.of(check)
        if not found:
            return State.NOT_RUN if check in measuring_calls() else State.NOT_BUILT
        if any(figure.outcome == "failed" for figure in found):
            return State.FAIL
        return State.PART if self.missing(check) else State.PASS

    def missing(self, check: int) -> str:
        """Why a check whose tests have passed is a part at most; empty where it is whole."""
        found = self.of(check)
        reasons = [CHECKS[check].missing] if CHECKS[check].missing else []
        if CHECKS[check].long and not all(figure.thorough for figure in found):
            reasons.append("the limits as they stand: they are held with --long")
        if any(figure.is_past_limit for figure in found):
            reasons.append("a figure is past its limit, which the test forgives a busy machine")
        return "; ".join(reasons)


def by_test(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Those of tests that were not skipped; of a figure that was measured twice, the last."""
    last = {(figure.test, figure.check, figure.what): figure for figure in figures if figure.outcome != "skipped"}
    found: dict[str, list[Figure]] = {}
    for figure in last.values():
        found.setdefault(figure.test, []).append(figure)
    return found


@cache
def measuring_calls() -> Mapping[int, list[str]]:
    """The files in which `measured(<check>, …)` stands, by check; 0 for a call whose check is no literal."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        for check in checks_measured(path.read_text(encoding="utf-8")):
            found.setdefault(check, []).append(str(path.relative_to(TESTS)))
    return found


def checks_measured(source: str) -> Iterator[int]:
    """The first argument of each call of the fixture, where a function of that file takes it."""
    for function in ast.walk(ast.parse(source) if "measured" in source else ast.Module([], [])):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and takes_fixture(function):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == FIXTURE:
                    check = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else 0
                    yield check if isinstance(check, int) else 0


def takes_fixture(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return FIXTURE in {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}


def page(run: Run) -> str:
    """The whole page, in Markdown."""
    return "\n".join([*head(run), *overview(run), *not_proven(), *all_figures(run)]) + "\n"


def head(run: Run) -> Iterator[str]:
    yield "# Scoreboard"
    yield "\nWhat is promised under faults, what holds, and the test behind it. Written by a run, never by hand:\n"
    yield "```\npython3 dev.py test --scoreboard run.json && .venv/bin/python -m tests.scoreboard run.json\n```\n"
    yield from (f"- {note}" for note in run.notes)
    yield "\n| state | checks | means |\n|---|---|---|"
    for state, meaning in MEANINGS.items():
        yield f"| {state} | {sum(run.state(check) is state for check in CHECKS)} | {meaning} |"


def overview(run: Run) -> Iterator[str]:
    for title, checks in PARTS.items():
        yield f"\n## {title}\n\n| # | fault or bad input | limit | state | not shown yet |\n|---|---|---|---|---|"
        for number, check in checks.items():
            state = run.state(number)
            missing = run.missing(number) if state is State.PART else ""
            yield f"| {number} | {check.fault} | {check.limit} | {state} | {missing} |"


def not_proven() -> Iterator[str]:
    yield "\n## Not proven here\n"
    yield from (f"- **{name}**: {text}." for name, text in NOT_PROVEN_HERE.items())


def all_figures(run: Run) -> Iterator[str]:
    yield "\n## Figures"
    for number in CHECKS:
        if found := run.of(number):
            yield f"\n### Check {number}\n\n| what | limit | measured | test |\n|---|---|---|---|"
            yield from sorted(rows(found))


def rows(figures: list[Figure]) -> Iterator[str]:
    """A row per figure; what one test saw with several parameters stands together."""
    together: dict[tuple[str, str, str], dict[str, None]] = {}
    for figure in figures:
        test = figure.test.partition("[")[0]
        stands_out = figure.outcome == "failed" or figure.is_past_limit
        shown = f"**{figure.measured}**" if stands_out else figure.measured
        together.setdefault((figure.what, figure.limit, test), {})[shown] = None
    for (what, limit, test), values in together.items():
        yield f"| {what} | {limit} | {' · '.join(values)} | `{test.removeprefix('tests/')}` |"
