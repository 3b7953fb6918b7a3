"""What are instruments worth now? Asked of the feed bridge five times a second, straight, without the channel layer.

An answer counts from the moment its question left, less the engine's silence that it tells of; so no delay on the way
makes a price look younger than it is. Where no answer comes, everything is stale by this process's monotonic clock,
whatever became of the thread that asks.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.options import configure
from bridge.sockets.pump import Context, Socket
from bridge.sockets.throttle import Throttle
from marketdata.frames import (
    SILENCE_SECONDS,
    PricesPart,
    PricesRequest,
    TopPrice,
    encode,
    read_prices_part,
)
from marketdata.items import Quality
from orders.core.marks import Mark

logger = logging.getLogger(__name__)
ASK_SECONDS: Final = 0.2
EAGER_SECONDS: Final = 0.05  #: while there is no market
PATIENCE_SECONDS: Final = 0.5  #: for one answer, before it is asked anew
SILENT_SECONDS: Final = 1.0  #: after the question that was answered last, all marks are stale
OLDEST_SECONDS: Final = 2.0  #: no price that the engine has not stood by for so long is fresh
REOPEN_SECONDS: Final = 3.0  #: without an answer; a socket that was refused once never comes back by itself
END_SECONDS: Final = 2.0
TURN: Final = 100  #: parts read before the clock is looked at
HWM: Final = 1_000
SILENCE_MS: Final = int(SILENCE_SECONDS * 1000)


class Marks(Mapping[str, Mark]):
    """The prices of one answer. Never changed; a mark is made when it is looked up, for few ever are."""

    __slots__ = ("_all_stale", "_asked_us", "_rows")

    def __init__(self, rows: dict[str, TopPrice], asked_us: int, *, all_stale: bool = False) -> None:
        self._rows, self._asked_us, self._all_stale = rows, asked_us, all_stale

    def __getitem__(self, symbol: str) -> Mark:
        row = self._rows[symbol]
        is_stale = self._all_stale or is_old(row)
        at_us = self._asked_us - row.age_ms * 1000
        return Mark(row.bid_e8 or None, row.ask_e8 or None, row.last_e8 or None, at_us, is_stale)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def as_stale(self) -> Marks:
        """What was, not what is."""
        return Marks(self._rows, self._asked_us, all_stale=True)

    @property
    def oldest_ms(self) -> int:
        """The longest silence behind a price that is not stale."""
        return max((row.age_ms for row in self._rows.values() if not is_old(row)), default=0)


class Known(NamedTuple):
    """`fresh_until` by the monotonic clock; after that, `stale` is what is known."""

    fresh: Marks
    stale: Marks
    asked_at: float
    fresh_until: float


class Asked(NamedTuple):
    """A question under way, and the rows of the parts that have come."""

    number: int
    at: float
    us: int
    rows: dict[str, TopPrice]
    parts: list[PricesPart]

    def fits(self, part: PricesPart) -> bool:
        """Is it the next one of the same moment?"""
        first = self.parts[0] if self.parts else part
        return part.part == len(self.parts) < part.parts == first.parts and part.epoch == first.epoch


NOTHING: Final = Marks({}, 0, all_stale=True)


class MarkWatch:
    """A thread of its own; `latest()` from any thread, `close()` ends it.

    `counts`: answers, unanswered, unsent (nobody is connected), without_market, late, torn, malformed, faults.
    """

    def __init__(
        self,
        context: Context,
        keyring: KeyRing,
        address: str,
        clock_us: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._context, self._keyring, self._address = context, keyring, address
        self._clock_us, self._monotonic = clock_us, monotonic
        self._known = Known(NOTHING, NOTHING, float("-inf"), float("-inf"))
        self._numbers = itertools.count(1)
        self._asked: Asked | None = None
        self._ask_at = self._heard_at = self._monotonic()
        self._throttle = Throttle()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="order-marks", daemon=True)
        self._thread.start()

    def latest(self) -> Mapping[str, Mark]:
        """As far as is known now. Immutable; take it anew for each decision."""
        known = self._known
        return known.fresh if self._monotonic() < known.fresh_until else known.stale

    @property
    def has_fresh(self) -> bool:
        """Is anything known that the core may rely on?"""
        return bool(self._known.fresh) and self._monotonic() < self._known.fresh_until

    @property
    def age_seconds(self) -> float:
        """Since prices were asked for that came; infinite before the first ones."""
        return self._monotonic() - self._known.asked_at

    def figures(self) -> dict[str, float]:
        """How many marks can be relied on, and how many cannot."""
        marks = self.latest()
        stale = sum(mark.is_stale for mark in marks.values())
        return {"fresh": len(marks) - stale, "stale": stale}

    def close(self) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)

    # --- the thread ------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except zmq.ContextTerminated:
                return
            except Exception:  # what is known goes stale meanwhile
                self.counts["faults"] += 1
                if self._throttle.due():
                    logger.exception("Reference prices cannot be asked for", extra={"counts": dict(self.counts)})
                self._ended.wait(ASK_SECONDS)

    def _follow(self) -> None:
        """For the life of one socket."""
        with self._opened() as socket:
            self._asked, self._heard_at = None, self._monotonic()
            while not self._ended.is_set() and self._monotonic() - self._heard_at < REOPEN_SECONDS:
                self._turn(socket)

    def _opened(self) -> Socket:
        socket = configure(self._context.socket(zmq.DEALER), hwm=HWM)
        try:
            self._keyring.connect(socket, Role.ORDER_BRIDGE, Role.FEED_BRIDGE)
            socket.connect(self._address)
        except BaseException:
            socket.close()
            raise
        return socket

    def _turn(self, socket: Socket) -> None:
        if self._monotonic() >= self._ask_at:
            self._ask(socket)
        wait_seconds = min(ASK_SECONDS, max(0.0, self._ask_at - self._monotonic()))
        if socket.poll(int(wait_seconds * 1000) + 1):
            self._read(socket)

    def _ask(self, socket: Socket) -> None:
        self.counts["unanswered"] += self._asked is not None
        number, now = next(self._numbers), self._monotonic()
        asked = Asked(number, now, self._clock_us(), {}, [])
        try:
            socket.send(encode(PricesRequest(number)), zmq.NOBLOCK)
        except zmq.Again:
            self.counts["unsent"] += 1
            self._asked = None
            socket.poll(int(ASK_SECONDS * 1000), zmq.POLLOUT)  # until there is somebody to ask
        else:
            self._asked, self._ask_at = asked, now + PATIENCE_SECONDS

    def _read(self, socket: Socket) -> None:
        for _ in range(TURN):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                (payload,) = frames
                part = read_prices_part(payload)
            except (ValueError, msgspec.MsgspecError) as error:
                self._refuse("malformed", str(error))
            else:
                self._take(part)

    def _take(self, part: PricesPart) -> None:
        asked = self._asked
        if asked is None or part.request_id != asked.number:
            self.counts["late"] += 1
        elif not asked.fits(part):
            self._asked = None
            self._refuse("torn", f"part {part.part} of {part.parts} came as number {len(asked.parts)}")
        else:
            asked.parts.append(part)
            asked.rows.update({row.symbol: row for row in part.prices})
            if len(asked.parts) == part.parts:
                self._answered(asked, part.epoch)

    def _answered(self, asked: Asked, epoch: int) -> None:
        self._asked, self._heard_at = None, self._monotonic()
        self._ask_at = asked.at + (ASK_SECONDS if epoch else EAGER_SECONDS)
        if not epoch:
            self.counts["without_market"] += 1
            self._known = self._known._replace(fresh_until=float("-inf"))
            return
        self.counts["answers"] += 1
        marks = Marks(asked.rows, asked.us)
        fresh_until = asked.at + min(SILENT_SECONDS, OLDEST_SECONDS - marks.oldest_ms / 1000)
        self._known = Known(marks, marks.as_stale(), asked.at, fresh_until)

    def _refuse(self, reason: str, why: str) -> None:
        self.counts[reason] += 1
        if self._throttle.due():
            facts = {"why": why, "counts": dict(self.counts)}
            logger.warning("Reference prices of the feed bridge could not be read", extra=facts)


def is_old(row: TopPrice) -> bool:
    """The feed bridge says so, or will say so at its next look."""
    return row.quality is not Quality.OK or row.age_ms >= SILENCE_MS
