"""How are many rows of one table written with one prepared statement? SQL built from the model, portable.

`bulk_update` would send one huge CASE expression and `save()` a statement and a signal per row; either holds the
database many times longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import AutoField, BigAutoField, Field, JSONField, Model

Row = Mapping[str, Any]
AnyField: TypeAlias = "Field[Any, Any]"  # a string: the class cannot be subscripted when it runs


def column(field: AnyField) -> str:
    return str(connection.ops.quote_name(str(field.column)))


def adapter(field: AnyField) -> Callable[[Any], Any]:
    """From the caller's value to the driver's: JSON columns take its text, others what the ORM takes."""
    if isinstance(field, JSONField):
        return lambda text: text
    return lambda value: field.get_db_prep_save(value, connection)


class Statement:
    """One statement for many rows, keyed by attribute name ("order_id")."""

    adapter = staticmethod(adapter)

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    @cached_property
    def _sql(self) -> str:
        raise NotImplementedError

    @cached_property
    def _written(self) -> list[AnyField]:
        """The fields of the statement's values, in their order."""
        raise NotImplementedError

    @cached_property
    def _adapters(self) -> list[tuple[str, Callable[[Any], Any]]]:
        return [(field.attname, self.adapter(field)) for field in self._written]

    @property
    def _table(self) -> str:
        return str(connection.ops.quote_name(self._model._meta.db_table))

    def write(self, rows: Iterable[Row]) -> None:
        values = [[adapt(row[name]) for name, adapt in self._adapters] for row in rows]
        if values:
            with connection.cursor() as cursor:
                cursor.executemany(self._sql, values)


class Insert(Statement):
    """`INSERT` of whole rows; a key the database makes is left out."""

    @cached_property
    def _written(self) -> list[AnyField]:
        return [field for field in self._model._meta.concrete_fields if not isinstance(field, AutoField | BigAutoField)]

    @cached_property
    def _sql(self) -> str:
        columns = ", ".join(column(field) for field in self._written)
        marks = ", ".join("%s" for _ in self._written)
        return f"INSERT INTO {self._table} ({columns}) VALUES ({marks})"  # noqa: S608


class Update(Statement):
    """`UPDATE` of `names` in rows found by `keys`, both attribute names."""

    def __init__(self, model: type[Model], names: Sequence[str], keys: Sequence[str] = ("id",)) -> None:
        super().__init__(model)
        self._names, self._keys = names, keys

    @cached_property
    def _written(self) -> list[AnyField]:
        by_name = {field.attname: field for field in self._model._meta.concrete_fields}
        return [by_name[name] for name in (*self._names, *self._keys)]

    @cached_property
    def _sql(self) -> str:
        equations = [f"{column(field)} = %s" for field in self._written]
        changes, place = equations[: len(self._names)], equations[len(self._names) :]
        return f"UPDATE {self._table} SET {', '.join(changes)} WHERE {' AND '.join(place)}"  # noqa: S608
