"""In which order are waiting inputs served? Kills, alone and first; cancels, the engine's words, orders that reduce a
position, new orders and changes, queries, then what operators ask; in each line users take turns.

Every line has a share of each batch, so that a long replay does not shut requests out, nor a storm of requests the
engine, nor one kind of request another. Whatever a share leaves free goes to whoever waits, in the same order. Each
line is bounded by itself: a flood of new orders refuses no cancel.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from orders.bridge.holdings import Closing, Holdings, closing
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
    SetState,
)

BATCH_MAX = 64
ENGINE_MAX = 20_000
OPERATOR = UUID(int=0)  #: takes turns like a user
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


def asker(request: Asked) -> UUID:
    if isinstance(request, Attend):
        return request.request.process
    return OPERATOR if isinstance(request, Operating) else request.request.caller.user


class Backlog(NamedTuple):
    """What waits of new orders and changes, how long the oldest has waited, and what a pass of the core takes now."""

    waiting: int = 0
    oldest_seconds: float = 0.0
    pass_seconds: float = 0.0


class Waiting(NamedTuple):
    """A place in a line."""

    number: int
    request: Asked


class Turns:
    """A queue in which users take turns: each has its own line, and the lines are served one by one.

    Nobody may have more waiting than there is room left: whoever comes new always finds some.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: OrderedDict[UUID, deque[Waiting]] = OrderedDict()
        self._since: OrderedDict[int, float] = OrderedDict()  #: of all that wait, by number: the oldest first
        self._number = 0

    def __len__(self) -> int:
        return len(self._since)

    def put(self, user: UUID, request: Asked, now_seconds: float) -> bool:
        """False where too many wait already."""
        if len(self._lines.get(user, ())) >= self._most - len(self._since):
            return False
        self._number += 1
        self._lines.setdefault(user, deque()).append(Waiting(self._number, request))
        self._since[self._number] = now_seconds
        return True

    def take(self, most: int) -> list[Asked]:
        return [self._next() for _ in range(min(most, len(self._since)))]

    def oldest_seconds(self, now_seconds: float) -> float:
        """How long the one has waited who waits longest."""
        return now_seconds - next(iter(self._since.values()), now_seconds)

    def _next(self) -> Asked:
        user, line = self._lines.popitem(last=False)
        number, request = line.popleft()
        if line:
            self._lines[user] = line
        del self._since[number]
        return request


class Intake:
    """What waits for the core, filled by the link thread. Bounded: requests are refused, the engine is left to wait."""

    def __init__(self, holdings: Holdings | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`holdings` tells which orders reduce a position."""
        self.holdings = holdings or Holdings()
        self._monotonic = monotonic
        self._arrived = threading.Condition()
        self._kills: deque[Input] = deque()
        self._engine: deque[Input] = deque()
        self._turns = {line: Turns(most) for line, most in MOST.items()}
        self._closing: Counter[Closing] = Counter()  #: quantity (10⁻⁸) of what waits and reduces
        self._handed_at: float | None = None  #: when the core was given the batch that it works on
        self._pass_seconds = 0.0

    def line_of(self, request: Asked) -> Line:
        """Where it is to wait."""
        if isinstance(request, Place) and self._reduces(request):
            return Line.REDUCING
        return LINES.get(type(request), Line.NEWS)

    def offer_request(self, request: Asked) -> bool:
        """False where too many wait already."""
        with self._arrived:
            line = self.line_of(request)
            if not self._turns[line].put(asker(request), request, self._monotonic()):
                return False
            if line is Line.REDUCING and isinstance(request, Place):
                self._closing[closing(request.request)] += request.request.quantity_e8
            self._arrived.notify()
        return True

    def offer_first(self, kills: Iterable[Halt]) -> None:
        with self._arrived:
            self._kills.extend(kills)
            self._arrived.notify()

    def offer_engine(self, words: Iterable[Input]) -> None:
        """In the order they were said. Look at `engine_has_room` before reading more from the engine."""
        with self._arrived:
            self._engine.extend(words)
            self._arrived.notify()

    def give_back(self, words: Iterable[Input]) -> None:
        """Engine words and kills of a batch that could not be written, to be taken first again."""
        words = list(words)
        with self._arrived:
            self._kills.extendleft(reversed([word for word in words if isinstance(word, Halt)]))
            self._engine.extendleft(reversed([word for word in words if not isinstance(word, Halt)]))

    def lines(self) -> dict[str, float]:
        """How many inputs wait in each line."""
        return {ENGINE: len(self._engine), **{line.value: len(turns) for line, turns in self._turns.items()}}

    def backlog(self) -> Backlog:
        with self._arrived:
            news = self._turns[Line.NEWS]
            return Backlog(len(news), news.oldest_seconds(self._monotonic()), self._pass_seconds)

    @property
    def engine_has_room(self) -> bool:
        return len(self._engine) < ENGINE_MAX

    def take(self, timeout_seconds: float) -> list[Input]:
        """The next batch; empty where nothing came in time."""
        with self._arrived:
            self._note_pass()
            if not self._kills and not any(self.lines().values()):
                self._arrived.wait(timeout_seconds)
            batch = [*self._all_kills(), *self._batch()]
            self._handed_at = self._monotonic() if batch else None
            return batch

    def _reduces(self, asked: Place) -> bool:
        """Together with what waits already."""
        key = closing(asked.request)
        return self._closing[key] + asked.request.quantity_e8 <= self.holdings.room_e8(key)

    def _note_pass(self) -> None:
        """The core comes back for more."""
        if self._handed_at is not None:
            took_seconds = self._monotonic() - self._handed_at
            self._pass_seconds += SMOOTHING * (took_seconds - self._pass_seconds)

    def _batch(self) -> list[Input]:
        waiting = [len(self._engine) if line == ENGINE else len(self._turns[Line(line)]) for line in SHARES]
        batch: list[Input] = []
        for line, most in zip(SHARES, shared_out(waiting), strict=True):
            batch += self._take_engine(most) if line == ENGINE else self._take_line(Line(line), most)
        return batch

    def _take_line(self, line: Line, most: int) -> list[Asked]:
        taken = self._turns[line].take(most)
        for each in taken if line is Line.REDUCING else ():
            if isinstance(each, Place):
                self._closing[closing(each.request)] -= each.request.quantity_e8
        if not self._turns[Line.REDUCING]:
            self._closing.clear()
        return taken

    def _all_kills(self) -> list[Input]:
        kills, self._kills = self._kills, deque()
        return list(kills)

    def _take_engine(self, most: int) -> list[Input]:
        return [self._engine.popleft() for _ in range(most)]


def shared_out(waiting: Sequence[int]) -> list[int]:
    """How many of a batch come from each line, of which so many wait: its share, and what others leave free."""
    given = [min(share, count) for share, count in zip(SHARES.values(), waiting, strict=True)]
    free = BATCH_MAX - sum(given)
    for line, count in enumerate(waiting):
        more = min(free, count - given[line])
        given[line] += more
        free -= more
    return given
