"""How does a user set, change and delete an alert? Each is one transaction with its event in the private stream.

What an alert waits for is one *arming*. A change of it, and turning it on again, begins the next: with nothing seen
yet, and able to fire once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.rights import Rights
from notifications.alerts.events import alert_event, announce_advanced, announce_changed
from notifications.alerts.selectors import alert_own, alerts_of
from notifications.alerts.symbols import sight_needed, symbol_checked
from notifications.models import Alert, Condition
from notifications.rules import Side
from notifications.stream import append
from tradingmw.errors import Code, Conflict
from tradingmw.scaled import text_e8

ALERTS_MAX: Final = 200
UNSEEN: Final[Mapping[str, Any]] = {
    "is_triggered": False,
    "triggered_at": None,
    "triggered_price": None,
    "side": Side.UNKNOWN.value,
    "seen_at": None,
    "seen_high": None,
    "seen_low": None,
}


class Written(NamedTuple):
    """The alert after a write, and the number of the event that tells of it."""

    alert: Alert
    number: int


def alert_create(
    *,
    user_id: UUID,
    rights: Rights,
    symbol: str,
    condition: Condition,
    target_e8: int,
    note: str = "",
    is_active: bool = True,
) -> Written:
    """InvalidRequest (UNKNOWN_INSTRUMENT), Forbidden where the user may not see such data, Conflict (QUOTA_REACHED).

    Met already, it fires at once.
    """
    symbol = symbol_checked(symbol)
    sight_needed(rights, symbol)
    alert = Alert(
        user_id=user_id,
        symbol=symbol,
        condition=condition,
        target_price=text_e8(target_e8),
        note=note,
        is_active=is_active,
    )
    with transaction.atomic():
        User.objects.select_for_update().filter(id=user_id).first()  # one creation of a user's at a time
        if alerts_of(user_id).count() >= ALERTS_MAX:
            raise Conflict(f"There may be {ALERTS_MAX} alerts; delete one first.", code=Code.QUOTA_REACHED)
        alert.save(force_insert=True)
        return _told(alert, "alert_created")


def alert_change(*, user_id: UUID, rights: Rights, alert_id: UUID, **changes: Any) -> Written:
    """`changes`: condition, target_e8, note, is_active, is_triggered (False only: arm it again). NotFound.

    Forbidden where it would be armed, and the user may not see such data any more.
    """
    with transaction.atomic():
        alert = alert_own(user_id, _locked(user_id, alert_id))
        if _arms(changes):
            sight_needed(rights, alert.symbol)
        for name, value in _columns(alert, changes).items():
            setattr(alert, name, value)
        alert.save(force_update=True)
        return _told(alert, "alert_changed")


def alert_delete(*, user_id: UUID, alert_id: UUID) -> int:
    """The number of the event. NotFound."""
    with transaction.atomic():
        alert = alert_own(user_id, _locked(user_id, alert_id))
        alerts_of(user_id).filter(id=alert_id).delete()
        return _told(alert, "alert_deleted").number


def _locked(user_id: UUID, alert_id: UUID) -> UUID:
    """The alert's id, once nobody else (such as whoever fires it) writes the row."""
    alerts_of(user_id).select_for_update().filter(id=alert_id).first()
    return alert_id


def _columns(alert: Alert, changes: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(changes)
    if "target_e8" in columns:
        columns["target_price"] = text_e8(columns.pop("target_e8"))
    if _arms(changes):
        columns |= {**UNSEEN, "arming": alert.arming + 1}
    return {**columns, "changed_at": timezone.now()}


def _arms(changes: Mapping[str, Any]) -> bool:
    another = "condition" in changes or "target_e8" in changes
    return another or changes.get("is_active") is True or changes.get("is_triggered") is False


def _told(alert: Alert, kind: str) -> Written:
    event = alert_event(alert, kind)
    (number,) = append([event], at=timezone.now())
    announce_advanced({event.stream: number})
    announce_changed(alert.id)
    return Written(alert, number)
