"""Does the driver get exactly what Django would give it?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import AuditLog
from notifications.models import StreamEvent
from orders.lifecycle import OrderStatus
from orders.models import EngineCommand, Order, OrderHistory
from orders.models.fields import WideIntegerField
from tradingmw.adapters import AnyField, adapter_of, target_of
from tradingmw.fields import ScaledDecimalField

MODELS = (Order, OrderHistory, EngineCommand, AuditLog, StreamEvent)
FIELDS = [field for model in MODELS for field in model._meta.fields if not isinstance(field, WideIntegerField)]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
VALUES: dict[str, list[Any]] = {
    "UUIDField": [UUID(int=7), str(UUID(int=7)), UUID(int=7).hex],
    "DateTimeField": [NOON, NOON + timedelta(microseconds=1), NOON.astimezone(timezone(timedelta(hours=2)))],
    "CharField": ["", "7", OrderStatus.NEW, 5],
    "TextField": ["", "{}"],
    "BooleanField": [True, False, 1],
    "GenericIPAddressField": ["127.0.0.1", "::1"],
    "JSONField": [{}, {"a": ["b"]}],
}


def values_of(field: AnyField) -> list[Any]:
    if isinstance(field, ScaledDecimalField):
        return [Decimal("1.5")]
    return VALUES.get(target_of(field).get_internal_type(), [0, 1, -(2**40), "12"])


@pytest.mark.django_db
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_column_is_given_what_django_would_give_it(field: AnyField) -> None:
    for value in [*values_of(field), *([None] if field.null else [])]:
        adapt = adapter_of(field, type(value))
        given = adapt(value) if adapt else value
        by_django = field.get_db_prep_save(value, connection)
        assert (given, type(given)) == (by_django, type(by_django))
