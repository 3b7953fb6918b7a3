"""When is a part that died started again? At once, then with growing pauses, until it lives for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tradingmw.supervisor.parts import Part
from tradingmw.supervisor.process import ChildProcess

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
PROVEN_AFTER_SECONDS: Final = 10.0  #: a part that lived this long starts again without a pause that has grown
HOPELESS_AFTER_DEATHS: Final = 4
USAGE_EXIT_CODE: Final = 2  #: how argparse and Django say that the arguments or settings are wrong


class Keeper:
    """Keeps one part running. Driven by its owner: `tick(now)` with monotonic seconds, a few times a second."""

    def __init__(self, part: Part, start: Callable[[], ChildProcess], report: Callable[[str], None]) -> None:
        self.part = part
        self.child: ChildProcess | None = None
        self.started_at = float("-inf")
        self.last_lines: list[str] = []  #: what it printed last before its last end
        self.last_exit_code: int | None = None
        self._start = start
        self._report = report
        self._start_at = float("-inf")
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._early_deaths = 0

    @property
    def living(self) -> ChildProcess | None:
        return self.child if self.child and self.child.exit_code is None else None

    @property
    def hopeless(self) -> bool:
        """Whether it has never lived for long and shows no sign that it will."""
        return self._early_deaths >= HOPELESS_AFTER_DEATHS or (
            self.last_exit_code == USAGE_EXIT_CODE and self._early_deaths > 0
        )

    def tick(self, now: float) -> bool:
        """Notice its end, start it when its time has come; True when either happened."""
        if self.child is None:
            return self._start_when_due(now)
        if (code := self.child.exit_code) is None:
            return False
        self.last_exit_code = code
        self._note_death(f"ended ({_reason(code)})", now)
        return True

    def _start_when_due(self, now: float) -> bool:
        if now < self._start_at:
            return False
        self.started_at = now
        try:
            self.child = self._start()
        except OSError as error:
            self._note_death(f"could not be started: {error}", now)
        return True

    def _note_death(self, reason: str, now: float) -> None:
        proven = now - self.started_at >= PROVEN_AFTER_SECONDS
        self._pause_seconds = FIRST_PAUSE_SECONDS if proven else self._pause_seconds
        self._early_deaths = 0 if proven else self._early_deaths + 1
        self._start_at = now + self._pause_seconds
        self._report(f"{self.part.name} {reason}; starting it again in {self._pause_seconds:.1f} s")
        self._pause_seconds = min(self._pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        self._let_go()

    def _let_go(self) -> None:
        if self.child:
            self.child.finish_output()
            self.last_lines = list(self.child.last_lines)
        self.child = None


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
