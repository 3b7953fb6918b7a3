"""How do the core's numbers come into the statements of a batch? Scaled and wide integers as the core holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection

from orders.models.fields import WideIntegerField
from tradingmw import statements
from tradingmw.fields import ScaledDecimalField


def adapter(field: statements.AnyField) -> Callable[[Any], Any]:
    """From the core's value to the driver's."""
    if isinstance(field, ScaledDecimalField):
        return lambda scaled: scaled
    if isinstance(field, WideIntegerField):
        return str
    return lambda value: field.get_db_prep_save(value, connection)


class Insert(statements.Insert):
    adapter = staticmethod(adapter)


class Update(statements.Update):
    adapter = staticmethod(adapter)


class Add(statements.Add):
    adapter = staticmethod(adapter)


class Pick(statements.Pick):
    adapter = staticmethod(adapter)
