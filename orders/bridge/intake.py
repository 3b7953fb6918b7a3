"""In which order are waiting inputs served? Kills, alone and first; cancels, the engine's words, orders that reduce a
position, new orders and changes, queries, then what operators ask; in each line users take turns.

The core is called at once for whatever comes, but for the engine's word that it has taken a command, which moves no
order: it waits for the next batch, or for the next look at the time, and shares their commit.

Every line has a share of each batch, so that a long replay does not shut requests out, nor a storm of requests the
engine, nor one kind of request another. Whatever a share leaves free goes to whoever waits, in the same order. Each
line is bounded by itself: a flood of new orders refuses no cancel.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence, Sized
from enum import StrEnum
from typing import Final, NamedTuple

from bridge.wire.vocabulary import ReplyOutcome
from orders.bridge.holdings import Closing, Holdings, closing
from orders.bridge.turns import Turns
from orders.core.inputs import (
    Amend,
    Asked,
    Attend,
    Cancel,
    CancelAll,
    CancelLater,
    Close,
    Decide,
    GuardOf,
    Halt,
    Input,
    Operating,
    Place,
    Preview,
    Reconcile,
    Reload,
    Replied,
    Reported,
    SetState,
)

BATCH_MAX = 64
ENGINE_MAX = 20_000
OPERATOR = 0  #: takes turns like a user
SMOOTHING: Final = 0.2  #: the newest pass's weight in the mean


class Line(StrEnum):
    """In which a request waits; the names are what figures show."""

    CANCELS = "cancels"
    REDUCING = "reducing_orders"
    NEWS = "new_orders"
    QUERIES = "queries"
    OPERATOR = "operator"


#: whatever stands not here brings something new
LINES: Final[dict[type, Line]] = {
    Cancel: Line.CANCELS,
    CancelAll: Line.CANCELS,
    CancelLater: Line.CANCELS,
    GuardOf: Line.CANCELS,
    Attend: Line.CANCELS,
    SetState: Line.CANCELS,
    Close: Line.REDUCING,
    Amend: Line.OPERATOR,
    Decide: Line.OPERATOR,
    Preview: Line.QUERIES,
    Reconcile: Line.OPERATOR,
    Reload: Line.OPERATOR,
}
#: how many may wait in each; one user alone fills half of it
MOST: Final = {
    Line.CANCELS: 8_192,
    Line.REDUCING: 2_048,
    Line.NEWS: 8_192,
    Line.QUERIES: 1_024,
    Line.OPERATOR: 256,
}
ENGINE: Final = "engine"
#: in the order of service, and how many of a batch each has where so many wait; together a batch
SHARES: Final = {Line.CANCELS: 12, ENGINE: 24, Line.REDUCING: 8, Line.NEWS: 16, Line.QUERIES: 2, Line.OPERATOR: 2}


def asker(request: Asked) -> int:
    """Whose turn it is, by the number of his id."""
    if isinstance(request, Attend):
        return request.request.process.int
    return OPERATOR if isinstance(request, Operating) else request.request.caller.user.int


class Backlog(NamedTuple):
    """What waits of new orders and changes, how long the oldest has waited, and what a pass of the core takes now."""

    waiting: int = 0
    oldest_seconds: float = 0.0
    pass_seconds: float = 0.0


class Intake:
    """What waits for the core, filled by the link thread. Bounded: requests are refused, the engine is left to wait."""

    def __init__(self, holdings: Holdings | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`holdings` tells which orders reduce a position."""
        self.holdings = holdings or Holdings()
        self._monotonic = monotonic
        self._lock = threading.RLock()  #: entered in C; a condition is entered by two Python calls
        self._arrived = threading.Condition(self._lock)
        self._kills: deque[Input] = deque()
        self._engine: deque[Input] = deque()
        self._turns: dict[str, Turns] = {line: Turns(most) for line, most in MOST.items()}
        self._queues: dict[str, Sized] = {ENGINE: self._engine, **self._turns}
        #: in the order of service
        self._sizes: list[Sized] = [self._engine if line == ENGINE else self._turns[line].waiting for line in SHARES]
        self._closing: Counter[Closing] = Counter()  #: quantity (10⁻⁸) of what waits and reduces
        self._calls = False  #: the core is to come at once
        self._told = (0, 0)  #: epoch and number of the engine's last report that was heard
        self._handed_at: float | None = None  #: when the core was given the batch that it works on
        self._pass_seconds = 0.0

    def line_of(self, request: Asked) -> Line:
        """Where it is to wait."""
        if isinstance(request, Place) and self._reduces(request):
            return Line.REDUCING
        return LINES.get(type(request), Line.NEWS)

    def offer_request(self, request: Asked) -> bool:
        """False where too many wait already."""
        with self._lock:
            line = self.line_of(request)
            if not self._turns[line].put(asker(request), request, self._monotonic()):
                return False
            if line is Line.REDUCING and isinstance(request, Place):
                self._closing[closing(request.request)] += request.request.quantity_e8
            self._call()
        return True

    def offer_first(self, kills: Iterable[Halt]) -> None:
        with self._lock:
            self._kills.extend(kills)
            self._call()

    def offer_engine(self, words: Iterable[Input]) -> None:
        """In the order they were said. Look at `engine_has_room` before reading more from the engine."""
        with self._lock:
            for word in words:
                self._engine.append(word)
                if not self._may_wait(word):
                    self._call()

    def give_back(self, words: Iterable[Input]) -> None:
        """Engine words and kills of a batch that could not be written, to be taken first again."""
        words = list(words)
        with self._lock:
            self._kills.extendleft(reversed([word for word in words if isinstance(word, Halt)]))
            self._engine.extendleft(reversed([word for word in words if not isinstance(word, Halt)]))
            if words:
                self._call()

    def lines(self) -> dict[str, float]:
        """How many inputs wait in each line."""
        return {str(line): len(queue) for line, queue in self._queues.items()}

    @property
    def news(self) -> int:
        """How many new orders and changes wait."""
        return len(self._turns[Line.NEWS])

    def backlog(self) -> Backlog:
        with self._lock:
            news = self._turns[Line.NEWS]
            return Backlog(len(news), news.oldest_seconds(self._monotonic()), self._pass_seconds)

    @property
    def engine_has_room(self) -> bool:
        return len(self._engine) < ENGINE_MAX

    def take(self, timeout_seconds: float) -> list[Input]:
        """The next batch: as soon as something calls for it, and after `timeout_seconds` whatever is there."""
        with self._lock:
            self._note_pass()
            if not self._calls:
                self._arrived.wait(timeout_seconds)
            batch = [*self._all_kills(), *self._batch()] if self._kills else self._batch()
            self._handed_at = self._monotonic() if batch else None
            return batch

    def _reduces(self, asked: Place) -> bool:
        """Together with what waits already."""
        key = closing(asked.request)
        room_e8 = self.holdings.room_e8(key)
        return room_e8 > 0 and self._closing[key] + asked.request.quantity_e8 <= room_e8

    def _call(self) -> None:
        """Once for each batch: a core that was called, or is at work, comes by itself."""
        if not self._calls:
            self._calls = True
            self._arrived.notify()

    def _may_wait(self, word: Input) -> bool:
        """Is it only that the engine has taken a command, with no report before it that is missing here?"""
        if isinstance(word, Reported):
            self._told = word.report.epoch, word.report.seq
        elif isinstance(word, Replied) and word.reply.outcome is ReplyOutcome.ACCEPTED:
            return (word.reply.epoch, word.reply.last_seq) <= self._told
        return False

    def _note_pass(self) -> None:
        """The core comes back for more."""
        if self._handed_at is not None:
            took_seconds = self._monotonic() - self._handed_at
            self._pass_seconds += SMOOTHING * (took_seconds - self._pass_seconds)

    def _batch(self) -> list[Input]:
        waiting = list(map(len, self._sizes))
        batch: list[Input] = []
        for line, most in zip(SHARES, shared_out(waiting), strict=True):
            if most:
                batch += self._take_engine(most) if line == ENGINE else self._take_line(line, most)
        self._calls = len(batch) < sum(waiting)
        return batch

    def _take_line(self, line: str, most: int) -> list[Asked]:
        taken = self._turns[line].take(most)
        if line == Line.REDUCING:
            self._give_room_back(taken)
        return taken

    def _give_room_back(self, taken: Iterable[Asked]) -> None:
        for each in taken:
            if isinstance(each, Place):
                self._closing[closing(each.request)] -= each.request.quantity_e8
        if not self._turns[Line.REDUCING]:
            self._closing.clear()

    def _all_kills(self) -> list[Input]:
        kills, self._kills = self._kills, deque()
        return list(kills)

    def _take_engine(self, most: int) -> list[Input]:
        return [self._engine.popleft() for _ in range(most)]


def shared_out(waiting: Sequence[int]) -> list[int]:
    """How many of a batch come from each line, of which so many wait: its share, and what others leave free."""
    if sum(waiting) <= BATCH_MAX:
        return list(waiting)
    given = [min(share, count) for share, count in zip(SHARES.values(), waiting, strict=True)]
    free = BATCH_MAX - sum(given)
    for line, count in enumerate(waiting):
        more = min(free, count - given[line])
        given[line] += more
        free -= more
    return given
