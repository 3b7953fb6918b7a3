"""How do the core's numbers come into the statements of a batch? Scaled and wide integers as the core holds them."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db.models import JSONField

from orders.models.fields import WideIntegerField
from tradingmw import statements
from tradingmw.adapters import Adapt, AnyField, adapter_of
from tradingmw.fields import ScaledDecimalField

to_json = msgspec.json.Encoder()


def adapter(field: AnyField, kind: type) -> Adapt | None:
    """From the core's value to the driver's."""
    if isinstance(field, ScaledDecimalField):
        return None
    if isinstance(field, WideIntegerField):
        return str
    if isinstance(field, JSONField):
        return json_text
    return adapter_of(field, kind)


def json_text(value: Any) -> str:
    return to_json.encode(value).decode()


class Insert(statements.Insert):
    adapter = staticmethod(adapter)


class Update(statements.Update):
    adapter = staticmethod(adapter)


class Add(statements.Add):
    adapter = staticmethod(adapter)


class Pick(statements.Pick):
    adapter = staticmethod(adapter)
