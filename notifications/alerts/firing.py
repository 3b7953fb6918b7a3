"""What makes an alert a fired one? One transaction, which one of all who try gets through.

The row is the judge: only where it still waits, under the arming that was watched, does it become triggered. With it
come the event of the private stream and the promise, in the outbox, to tell the user: all of it, or nothing.

Whose rights no longer cover the symbol's market data is told nothing: his alert waits on, and fires when they do again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from accounts.rights import rights_of
from notifications.alerts.delivery import TELL
from notifications.alerts.events import alert_event
from notifications.alerts.symbols import sight_needed
from notifications.models import Alert
from notifications.outbox import outbox_add
from notifications.rules import Armed, Look, Side
from notifications.shapes import alert_shape
from notifications.stream import append
from tradingmw.errors import Forbidden
from tradingmw.scaled import from_e8


class Fired(NamedTuple):
    """The event that says so."""

    stream: str
    number: int


def alert_fire(watched: Armed, price_e8: int, *, at: datetime) -> Fired | None:
    """Fire it, once per arming; None where it has fired, was changed or is gone, or its user may not see the price."""
    try:
        return _fired(watched, price_e8, at)
    except Forbidden:
        return None


def _fired(watched: Armed, price_e8: int, at: datetime) -> Fired | None:
    waiting = Alert.objects.filter(id=watched.id, arming=watched.arming, is_active=True, is_triggered=False)
    with transaction.atomic():
        price = from_e8(price_e8)
        if not waiting.update(is_triggered=True, triggered_at=at, triggered_price=price, changed_at=at):
            return None
        alert = Alert.objects.select_related("user__entitlement").get(id=watched.id)
        sight_needed(rights_of(alert.user), alert.symbol)
        outbox_add(task=TELL, key=f"{alert.id.hex}:{alert.arming}", payload=_payload(alert))
        event = alert_event(alert, "alert_triggered")
        (number,) = append([event], at=at)
    return Fired(event.stream, number)


def _payload(alert: Alert) -> dict[str, Any]:
    return {"userId": alert.user_id.hex, "alert": alert_shape(alert)}


def alert_seen(watched: Armed, look: Look, *, at: datetime) -> None:
    """Keep from where on this arming is watched, so that a crash does not cost it a crossing. Written once."""
    rows = Alert.objects.filter(id=watched.id, arming=watched.arming)
    high, low = (from_e8(price_e8) if price_e8 else None for price_e8 in (look.day_high_e8, look.day_low_e8))
    rows.filter(seen_at__isnull=True).update(seen_at=at, seen_high=high, seen_low=low)
    if watched.side:
        rows.filter(side=Side.UNKNOWN.value).update(side=watched.side.value)
