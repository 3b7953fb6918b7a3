"""What is one figure of the scoreboard?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Measured = Callable[[int, str, object, str], None]  #: the fixture `measured`: check, what, value, limit


@dataclass(frozen=True)
class Figure:
    """One thing that a test saw. `outcome` is that of the whole test: passed, failed or skipped."""

    check: int
    what: str
    limit: str
    measured: str
    test: str
    outcome: str
