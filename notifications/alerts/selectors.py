"""Which alerts does a user have, and which wait for a price?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from notifications.models import Alert, Condition
from notifications.rules import Armed, Side
from tradingmw.errors import NotFound
from tradingmw.scaled import to_e8

#: Ids in one query: SQL Server takes 2,100 parameters, SQLite may be built for 999.
IDS_PER_QUERY = 500


def alerts_of(user_id: UUID) -> QuerySet[Alert]:
    return Alert.objects.filter(user_id=user_id)


def alert_own(user_id: UUID, alert_id: UUID) -> Alert:
    """NotFound for every id that is not one of the user's."""
    found = alerts_of(user_id).filter(id=alert_id).first()
    if found is None:
        raise NotFound
    return found


def alerts_waiting() -> list[Alert]:
    """All that wait for a price."""
    return list(Alert.objects.filter(is_active=True, is_triggered=False))


def alerts_changed(since: datetime) -> list[Alert]:
    """All that were changed at `since` or later, waiting or not."""
    return list(Alert.objects.filter(changed_at__gte=since))


def alerts_named(ids: Collection[UUID]) -> list[Alert]:
    names = sorted(ids)
    portions = [names[start : start + IDS_PER_QUERY] for start in range(0, len(names), IDS_PER_QUERY)]
    return [alert for portion in portions for alert in Alert.objects.filter(id__in=portion)]


def armed(alert: Alert) -> Armed:
    """What the watch must know of it."""
    return Armed(
        id=alert.id,
        arming=alert.arming,
        symbol=alert.symbol,
        condition=Condition(alert.condition),
        target_e8=to_e8(alert.target_price),
        side=Side(alert.side),
    )
