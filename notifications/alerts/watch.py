"""Who sees that an alert's condition is met, and makes it fire? A thread beside the feed, with the database to itself.

The feed only drops prices into a mailbox and never waits. Each turn takes what the mailbox holds, finds in the index
what that fires, and writes it. What a turn cannot write, since the database is away, is kept and tried again.

**What is guaranteed.** An alert fires at most once per arming, whoever watches. It fires if the newest price meets its
condition at any look, also the first one after a crash or a gap; a cross goes by the side that was stored when it was
first watched. A spike that came and went while nobody saw it (a killed process, a lost engine link) still fires when
it made a new high or low of the day since the alert was first watched; within the day's earlier range it leaves no
trace in what the engine tells, and is not found. Prices before the alert was first watched never count.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import Error, InterfaceError, OperationalError, connections
from django.utils import timezone

from notifications.alerts.firing import alert_fire, alert_seen
from notifications.alerts.index import AlertIndex
from notifications.alerts.line import AlertLine
from notifications.alerts.mailbox import PriceMailbox, Prices
from notifications.alerts.reading import AlertReader
from notifications.alerts.selectors import armed
from notifications.models import Alert
from notifications.rules import Armed, Look, Side, fires
from notifications.wakeups import GROUP, advanced
from tradingmw.scaled import to_e8

logger = logging.getLogger(__name__)

#: Between two looks: prices are merged meanwhile, so the thread costs the feed's little.
LOOK_SECONDS: Final = 0.02
RETRY_SECONDS: Final = 0.5
CLOSE_SECONDS: Final = 2.0
#: These are everybody's trouble: what is written next would fail in the same way.
AWAY: Final = (OperationalError, InterfaceError)


class Met(NamedTuple):
    """An alert whose condition is met, and the price that did it."""

    alert: Armed
    price_e8: int


class AlertWatch:
    """`take` prices from the feed's thread; `close` ends it. `faults` counts what it survived, by kind."""

    def __init__(self, layer: Any) -> None:
        self.faults: Counter[str] = Counter()
        self.fired = 0
        self._looked_at = time.monotonic()
        self._mailbox = PriceMailbox()
        self._reader = AlertReader()
        self._index = AlertIndex()
        self._looks: dict[str, Look] = {}  #: the newest of each symbol
        self._unpriced: dict[UUID, Alert] = {}  #: their symbol has no price yet
        self._met: dict[UUID, Met] = {}  #: to be written
        self._unstored: dict[UUID, tuple[Armed, Look]] = {}  #: first watched: to be written
        self._woken, self._closing = threading.Event(), threading.Event()
        self._line = AlertLine(layer, self._on_news)
        self._thread = threading.Thread(target=self._run, name="alert-watch", daemon=True)
        self._thread.start()

    # From other threads ------------------------------------------------------------------------------------------
    def take(self, prices: Prices) -> None:
        """What is new of each symbol. Never waits."""
        self._mailbox.put(prices)
        self._woken.set()

    def close(self) -> None:
        """End after the turn in progress, or without it when the database holds it up."""
        self._closing.set()
        self._woken.set()
        self._thread.join(CLOSE_SECONDS)
        self._line.close()

    @property
    def watched(self) -> int:
        """Alerts that wait for their price, or for the first one of their symbol."""
        return len(self._index) + len(self._unpriced)

    @property
    def age_seconds(self) -> float:
        """Since the last look that went through; no more than a reading's pause while all is well."""
        return time.monotonic() - self._looked_at

    def _on_news(self, alert_id: UUID) -> None:
        self._reader.note(alert_id)
        self._woken.set()

    # In the thread -----------------------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn_survived()
        finally:
            connections.close_all()

    def _turn_survived(self) -> None:
        try:
            self._turn()
        except Exception as error:
            kind = "database" if isinstance(error, Error) else "other"
            self.faults[kind] += 1
            logger.exception("A look at the alerts failed", extra={"faults": dict(self.faults)})
            connections.close_all()
            self._closing.wait(RETRY_SECONDS)
            self._woken.set()

    def _turn(self) -> None:
        self._woken.wait(self._reader.due_in_seconds)
        self._woken.clear()
        rows = self._reader.rows(self._known_ids)
        self._look(self._mailbox.taken())  # after the reading: what was read now must not see what came before it
        for alert_id in rows.gone:
            self._forget(alert_id)
        for alert in rows.found:
            self._admit_survived(alert)
        self._write()
        self._looked_at = time.monotonic()
        self._closing.wait(LOOK_SECONDS)

    # Alerts in and out -------------------------------------------------------------------------------------------
    def _admit_survived(self, row: Alert) -> None:
        """A row that nobody can understand must not stand in the others' way."""
        try:
            self._admit(row)
        except ValueError:
            self.faults["row"] += 1
            logger.exception("An alert cannot be watched", extra={"alert_id": row.id.hex})

    def _admit(self, row: Alert) -> None:
        if not row.is_active or row.is_triggered:
            self._forget(row.id)
            return
        if self._is_known(row):
            return
        self._forget(row.id)
        alert, look = armed(row), self._looks.get(row.symbol)
        if look is None:
            self._unpriced[row.id] = row
        else:
            self._begin(row, alert, look)

    def _known_ids(self) -> set[UUID]:
        return {alert.id for alert in self._index} | set(self._unpriced)

    def _is_known(self, row: Alert) -> bool:
        met, waiting, unpriced = self._met.get(row.id), self._index.get(row.id), self._unpriced.get(row.id)
        known = met.alert if met else waiting or unpriced
        return known is not None and known.arming == row.arming

    def _begin(self, row: Alert, alert: Armed, look: Look) -> None:
        """Watch it from the newest price on, and by the day's extremes for the time since it was first watched."""
        seen = look.now()
        if row.seen_at is not None:
            seen = seen.since(_e8(row.seen_high), _e8(row.seen_low))
        after = alert.seen(seen)
        if row.seen_at is None or after.side != alert.side:
            self._unstored[row.id] = (after, look)
        if fires(alert, seen):
            self._meet(alert, seen)
        else:
            self._index.put(after)

    def _forget(self, alert_id: UUID) -> None:
        self._index.discard(alert_id)
        for waiting in (self._unpriced, self._unstored, self._met):
            waiting.pop(alert_id, None)

    # Looking -----------------------------------------------------------------------------------------------------
    def _look(self, looks: Mapping[str, Look]) -> None:
        for symbol, look in looks.items():
            before = self._looks.get(symbol)
            self._looks[symbol] = look
            self._look_at(symbol, look.since(before.day_high_e8, before.day_low_e8) if before else look)
        if self._unpriced:
            self._price(looks)

    def _look_at(self, symbol: str, look: Look) -> None:
        fired, sided = self._index.look(symbol, look)
        for alert in fired:
            self._meet(alert, look)
        for alert in sided:
            self._unstored[alert.id] = (alert, look)

    def _price(self, looks: Mapping[str, Look]) -> None:
        """Alerts that waited for the first price of their symbol."""
        for row in [row for row in self._unpriced.values() if row.symbol in looks]:
            del self._unpriced[row.id]
            self._begin(row, armed(row), looks[row.symbol])

    def _meet(self, alert: Armed, look: Look) -> None:
        self._met[alert.id] = Met(alert, price_of(alert, look))

    # Writing -----------------------------------------------------------------------------------------------------
    def _write(self) -> None:
        """What fires first. Where the database is away everything stays for the next turn."""
        for alert_id, met in list(self._met.items()):
            self._written(alert_id, self._fire, met)
            del self._met[alert_id]
            self._unstored.pop(alert_id, None)
        for alert_id, (alert, look) in list(self._unstored.items()):
            self._written(alert_id, self._store, alert, look)
            del self._unstored[alert_id]

    def _written(self, alert_id: UUID, write: Callable[..., None], *facts: Any) -> None:
        """Whatever is wrong with one alert must not stand in the others' way: the next whole reading finds it again."""
        try:
            write(*facts)
        except AWAY:
            raise
        except Exception:
            self.faults["alert"] += 1
            logger.exception("ALARM: an alert could not be written", extra={"alert_id": alert_id.hex})

    @staticmethod
    def _store(alert: Armed, look: Look) -> None:
        alert_seen(alert, look, at=timezone.now())

    def _fire(self, met: Met) -> None:
        fired = alert_fire(met.alert, met.price_e8, at=timezone.now())
        if fired is None:
            return
        self.fired += 1
        self._line.tell(GROUP, advanced({fired.stream: fired.number}))
        logger.info("An alert has fired", extra={"alert_id": met.alert.id.hex, "symbol": met.alert.symbol})


def price_of(alert: Armed, look: Look) -> int:
    """The price that met the condition: the newest where it does, else the extreme that did."""
    if fires(alert, look.now()):
        return look.last_e8
    above = alert.waits_for is Side.ABOVE or (alert.waits_for is Side.UNKNOWN and look.last_e8 <= alert.target_e8)
    return look.high_e8 if above else look.low_e8


def _e8(price: Any) -> int:
    return 0 if price is None else to_e8(price)
