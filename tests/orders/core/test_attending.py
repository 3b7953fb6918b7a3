"""Whatever comes, goes, dies, logs out or stands still: are orders cancelled exactly when nobody was there?"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from orders.core.inputs import Tick
from orders.core.safeguards import ANEW_US, LISTENED_MAX_US, MISSED_US, Fate
from tests.orders.core.desk import SECOND_US
from tests.orders.core.safeguarding import SESSION, STEP_US, WEB, WEB_2, Floor

PROCESSES = (WEB, WEB_2)
STALL_US = 30 * SECOND_US
STEPS = [
    *[(word, process) for word in ("connect", "disconnect", "die", "begin") for process in PROCESSES],
    *[("wait", seconds) for seconds in (0.05, 0.5, 0.9, 1.5, 2.0, 4.0)],
    ("stall", STALL_US),
    ("stall", -STALL_US),
    ("restart", 0),
    ("logout", 0),
]


@dataclass
class Watcher:
    """Knows where sockets really are, and for how long nobody was there."""

    grace_us: int
    floor: Floor = field(default_factory=Floor)
    absent_us: int = 0
    doubt_us: int = 0  #: so much longer the core may take it to be, and so much shorter
    anew_us: int = 0  #: of the time that a core that has begun leaves to everybody
    clean: bool = False

    def __post_init__(self) -> None:
        self.floor.guard(self.grace_us // SECOND_US)
        self.order = self.floor.resting("a")

    @property
    def attended(self) -> bool:
        return any(process in self.floor.beating for process, _ in self.floor.sockets)

    def step(self, word: str, what: object) -> None:
        getattr(self, f"do_{word}")(what)
        self.look()

    def do_connect(self, process: object) -> None:
        if process in self.floor.beating and not self.clean:
            self.floor.connect(process=process)  # type: ignore[arg-type]
            self.absent_us = 0

    def do_disconnect(self, process: object) -> None:
        if (process, SESSION) in self.floor.sockets:
            self.floor.disconnect(process=process)  # type: ignore[arg-type]

    def do_die(self, process: object) -> None:
        self.floor.die(process)  # type: ignore[arg-type]

    def do_begin(self, process: object) -> None:
        self.floor.beating.add(process)  # type: ignore[arg-type]

    def do_wait(self, seconds: object) -> None:
        for _ in range(round(float(seconds) * SECOND_US / STEP_US)):  # type: ignore[arg-type]
            self.floor.wait(STEP_US / SECOND_US)
            self.absent_us = 0 if self.attended else self.absent_us + STEP_US
            self.anew_us = max(0, self.anew_us - STEP_US)
            if self.attended and self.floor.has_just_beaten:
                self.doubt_us = 0
            self.look()

    def do_stall(self, jump_us: object) -> None:
        """The core stood still, or a clock was set: it counts a little of it, whoever was there meanwhile."""
        self.floor.now_us += int(jump_us)  # type: ignore[call-overload]
        self.floor.do(Tick())
        self.doubt_us += LISTENED_MAX_US

    def do_restart(self, _nothing: object) -> None:
        seq = self.floor.book.cursor.seq
        self.floor.restart()
        self.floor.go_live(last_seq=seq)
        self.absent_us, self.anew_us = 0, ANEW_US + self.grace_us + STEP_US

    def do_logout(self, _nothing: object) -> None:
        if not self.canceled:
            self.clean = True
            self.floor.fates[SESSION] = Fate.LOGGED_OUT
            for process in PROCESSES:
                self.do_disconnect(process)

    @property
    def canceled(self) -> bool:
        return self.floor.now(self.order).cancel_wanted

    def look(self) -> None:
        if self.clean:
            assert not self.canceled, "He logged out before the grace was over."
        elif self.canceled:
            assert self.absent_us + self.doubt_us >= self.grace_us, "Somebody was there."
        elif not self.anew_us:
            assert self.absent_us <= self.grace_us + MISSED_US + STEP_US, "Nobody was there."


@given(st.sampled_from([1, 2, 3]), st.lists(st.sampled_from(STEPS), max_size=18))
def test_orders_are_cancelled_when_nobody_was_there_for_the_grace_and_only_then(
    seconds: int, steps: list[tuple[str, object]]
) -> None:
    watcher = Watcher(seconds * SECOND_US)
    for word, what in steps:
        watcher.step(word, what)
        if watcher.canceled:
            return
    watcher.step("wait", seconds + (ANEW_US + MISSED_US) / SECOND_US + 0.1)
    assert watcher.canceled is not (watcher.attended or watcher.clean)
