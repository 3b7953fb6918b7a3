"""Which checks are there, and which of them does somebody want?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bridge.conformance.subject import Subject

Play = Callable[[Subject], str]  #: what was seen; raises `Unmet` or `NotRun`


class Check(NamedTuple):
    """One rule of the page. Its first line of documentation says what is expected."""

    name: str
    section: str
    expects: str
    core: bool  #: asked of the smallest engine too: one symbol, orders that rest, nothing that trades
    play: Play


class UnknownCheck(ValueError):
    """No check has this name."""


class Catalogue:
    """The checks in the order in which they are played."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def check(self, section: str, *, core: bool = False) -> Callable[[Play], Play]:
        """Enter the function under its name: `late_command` is the check `late-command`."""

        def enter(play: Play) -> Play:
            name = play.__name__.replace("_", "-")
            expects = " ".join((inspect.getdoc(play) or "").split())
            self.checks.append(Check(name, section, expects, core, play))
            return play

        return enter


def chosen(checks: Iterable[Check], only: Sequence[str], *, core: bool) -> list[Check]:
    """Those named in `only` (all, if empty), of the core section if asked for; `UnknownCheck` names what there is."""
    checks = list(checks)
    if strangers := set(only) - {check.name for check in checks}:
        names = ", ".join(check.name for check in checks)
        raise UnknownCheck(f"There is no check {', '.join(sorted(strangers))}. There are {names}.")
    return [check for check in checks if (not only or check.name in only) and (check.core or not core)]
