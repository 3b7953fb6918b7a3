"""What is one figure of the scoreboard?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Measured = Callable[[int, str, object, str], None]  #: the fixture `measured`: check, what, value, limit
NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
LIMIT = re.compile(r"(?P<sign>[≤≥+]?) ?(?P<number>\d[\d,]*(?:\.\d+)?)")


@dataclass(frozen=True)
class Figure:
    """One thing that a test saw. `outcome` is that of the whole test: passed, failed or skipped."""

    check: int
    what: str
    limit: str
    measured: str
    test: str
    outcome: str
    thorough: bool = False  #: measured with --long

    @property
    def is_past_limit(self) -> bool:
        """Whether both read as numbers and the figure is beyond; a test may have patience, the page has none."""
        seen, limit = NUMBER.match(self.measured), LIMIT.match(self.limit)
        if not seen or not limit:
            return False
        value, bound = float(seen[0].replace(",", "")), float(limit["number"].replace(",", ""))
        return value < bound if limit["sign"] == "≥" else value > bound
