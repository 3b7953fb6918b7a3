"""In which order are waiting inputs served? Cancels, then the engine's words, then new orders and changes; users take
turns.

The engine and new orders have a share of each batch, so that a long replay does not shut requests out, nor a storm of
requests the engine. Whatever a share leaves free goes to whoever waits, in the same order.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from uuid import UUID

from orders.core.inputs import Asked, Cancel, CancelAll, Halt, Input, Operating

BATCH_MAX = 64
ENGINE_SHARE, NEW_SHARE = 32, 16  #: of a batch, where they have so many waiting
REQUESTS_MAX = 4_096
ENGINE_MAX = 20_000
OPERATOR = UUID(int=0)  #: takes turns like a user


def asker(request: Asked) -> UUID:
    return OPERATOR if isinstance(request, Amend | Reconcile) else request.request.caller.user


class Turns:
    """A queue in which users take turns: each has its own line, and the lines are served one by one."""

    def __init__(self) -> None:
        self._lines: OrderedDict[UUID, deque[Input]] = OrderedDict()
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    def put(self, user: UUID, each: Input) -> None:
        self._lines.setdefault(user, deque()).append(each)
        self._waiting += 1

    def take(self, most: int) -> list[Input]:
        return [self._next() for _ in range(min(most, self._waiting))]

    def _next(self) -> Input:
        user, line = self._lines.popitem(last=False)
        each = line.popleft()
        if line:
            self._lines[user] = line
        self._waiting -= 1
        return each


class Intake:
    """What waits for the core, filled by the link thread. Bounded: requests are refused, the engine is left to wait."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._cancels = Turns()
        self._kills: deque[Input] = deque()
        self._engine: deque[Input] = deque()
        self._news = Turns()

    def offer_request(self, request: Asked) -> bool:
        """False where too many wait already."""
        with self._arrived:
            if len(self._cancels) + len(self._news) >= REQUESTS_MAX:
                return False
            line = self._cancels if isinstance(request, Cancel | CancelAll) else self._news
            line.put(asker(request), request)
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
        return {"cancels": len(self._cancels), "engine": len(self._engine), "new_orders": len(self._news)}

    @property
    def engine_has_room(self) -> bool:
        return len(self._engine) < ENGINE_MAX

    def take(self, timeout_seconds: float) -> list[Input]:
        """The next batch; empty where nothing came in time."""
        with self._arrived:
            if not self._waiting():
                self._arrived.wait(timeout_seconds)
            return self._all_kills() or self._batch()

    def _waiting(self) -> int:
        return len(self._kills) + len(self._cancels) + len(self._engine) + len(self._news)

    def _batch(self) -> list[Input]:
        kept_for_news = min(NEW_SHARE, len(self._news))
        kept_for_engine = min(ENGINE_SHARE, len(self._engine))
        cancels = self._cancels.take(BATCH_MAX - kept_for_engine - kept_for_news)
        engine = self._take_engine(BATCH_MAX - len(cancels) - kept_for_news)
        return [*cancels, *engine, *self._news.take(BATCH_MAX - len(cancels) - len(engine))]

    def _all_kills(self) -> list[Input]:
        kills, self._kills = self._kills, deque()
        return list(kills)

    def _take_engine(self, most: int) -> list[Input]:
        return [self._engine.popleft() for _ in range(min(most, len(self._engine)))]
