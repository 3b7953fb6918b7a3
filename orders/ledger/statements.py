"""How are many rows of one table written with one prepared statement? SQL built from the model, portable.

`bulk_update` would send one huge CASE expression and `save()` a statement and a signal per row. Columns of scaled
integers and of wide integers take what the core holds; everything else goes through the field as the ORM would send it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import AutoField, BigAutoField, Field, Model

from orders.models.fields import WideIntegerField
from tradingmw.fields import ScaledDecimalField

Row = Mapping[str, Any]
AnyField: TypeAlias = "Field[Any, Any]"  # a string: the class cannot be subscripted when it runs


def column(field: AnyField) -> str:
    return str(connection.ops.quote_name(str(field.column)))


def adapter(field: AnyField) -> Callable[[Any], Any]:
    """From the core's value to the driver's."""
    if isinstance(field, ScaledDecimalField):
        return lambda scaled: scaled
    if isinstance(field, WideIntegerField):
        return str
    return lambda value: field.get_db_prep_save(value, connection)


class Insert:
    """`INSERT` of whole rows, keyed by attribute name ("order_id"); a key the database makes is left out."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    @cached_property
    def _fields(self) -> list[AnyField]:
        return [field for field in self._model._meta.concrete_fields if not isinstance(field, AutoField | BigAutoField)]

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        columns = ", ".join(column(field) for field in self._fields)
        marks = ", ".join("%s" for _ in self._fields)
        return f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608

    @cached_property
    def _adapters(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(field.attname, adapter(field)) for field in self._fields]

    def write(self, rows: Iterable[Row]) -> None:
        values = [[adapt(row[name]) for name, adapt in self._adapters] for row in rows]
        if values:
            with connection.cursor() as cursor:
                cursor.executemany(self._sql, values)


class Update:
    """`UPDATE` of `names` in rows found by `keys`, both attribute names."""

    def __init__(self, model: type[Model], names: Sequence[str], keys: Sequence[str] = ("id",)) -> None:
        self._model, self._names, self._keys = model, names, keys

    @cached_property
    def _by_name(self) -> dict[str, AnyField]:
        return {field.attname: field for field in self._model._meta.concrete_fields}

    @cached_property
    def _sql(self) -> str:
        table = connection.ops.quote_name(self._model._meta.db_table)
        changes, place = ", ".join(self._equations(self._names)), " AND ".join(self._equations(self._keys))
        return f"UPDATE {table} SET {changes} WHERE {place}"  # noqa: S608

    def _equations(self, names: Sequence[str]) -> list[str]:
        return [f"{column(self._by_name[name])} = %s" for name in names]

    @cached_property
    def _adapters(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(name, adapter(self._by_name[name])) for name in (*self._names, *self._keys)]

    def write(self, rows: Iterable[Row]) -> None:
        values = [[adapt(row[name]) for name, adapt in self._adapters] for row in rows]
        if values:
            with connection.cursor() as cursor:
                cursor.executemany(self._sql, values)
