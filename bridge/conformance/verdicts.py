"""What can come out of a check?"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


class Unmet(Exception):
    """The engine does not do what the page asks for; the text says what was seen instead."""


class NotRun(Exception):
    """The check cannot be made here; the text says why."""


class Result(NamedTuple):
    """One row of the table."""

    name: str
    section: str  #: the heading of `docs/engine-link.md` that asks for it
    expects: str
    verdict: Verdict
    seen: str
    seconds: float


def require(condition: object, seen: str) -> None:
    """`Unmet` with what was `seen`, unless the condition holds."""
    if not condition:
        raise Unmet(seen)
