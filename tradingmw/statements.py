"""How does the order path speak to the database without building each statement anew? SQL from the model, portable.

`bulk_update` would send one huge CASE expression and `save()` a statement and a signal per row; either holds the
database many times longer. A queryset costs ten times its statement to put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias

from django.db import connection
from django.db.backends.utils import CursorWrapper as Cursor
from django.db.models import AutoField, BigAutoField, JSONField, Model

from tradingmw.adapters import Adapt, AnyField, adapter_of

Row = Mapping[str, Any]
Kinds: TypeAlias = tuple[type, ...]  #: the types of a row's values
Plan: TypeAlias = list[tuple[int, Adapt]]  #: which of them become others, and how


def column(field: AnyField) -> str:
    return str(connection.ops.quote_name(str(field.column)))


def adapter(field: AnyField, kind: type) -> Adapt | None:
    """From a value of exactly `kind` to the driver's: JSON columns take its text, others what the ORM takes."""
    return None if isinstance(field, JSONField) else adapter_of(field, kind)


class Statement:
    """One statement for many rows, keyed by attribute name ("order_id").

    Each run takes the caller's cursor: one serves a whole transaction, and to open one takes as long as a statement.
    """

    adapter = staticmethod(adapter)

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._plans: dict[Kinds, Plan] = {}  #: rows have few combinations of types

    @cached_property
    def _sql(self) -> str:
        raise NotImplementedError

    @cached_property
    def _written(self) -> list[AnyField]:
        """The fields of the statement's values, in their order."""
        raise NotImplementedError

    def _fields(self, names: Iterable[str]) -> list[AnyField]:
        by_name = {field.attname: field for field in self._model._meta.concrete_fields}
        return [by_name[name] for name in names]

    @property
    def _table(self) -> str:
        return str(connection.ops.quote_name(self._model._meta.db_table))

    @cached_property
    def _values(self) -> Callable[[Row], tuple[Any, ...]]:
        return itemgetter(*(field.attname for field in self._written))

    def write(self, cursor: Cursor, rows: Iterable[Row]) -> None:
        if values := [self._adapted(self._values(row)) for row in rows]:
            cursor.executemany(self._sql, values)

    def _adapted(self, values: tuple[Any, ...]) -> Sequence[Any]:
        """As the driver takes them; most it takes as they are."""
        kinds = tuple(map(type, values))
        plan = self._plans.get(kinds)
        if plan is None:
            plan = self._plans[kinds] = self._plan(kinds)
        if not plan:
            return values
        adapted = list(values)
        for place, adapt in plan:
            adapted[place] = adapt(adapted[place])
        return adapted

    def _plan(self, kinds: Kinds) -> Plan:
        """Where values of these types must become others."""
        adapters = [self.adapter(field, kind) for field, kind in zip(self._written, kinds, strict=True)]
        return [(place, adapt) for place, adapt in enumerate(adapters) if adapt is not None]


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
        return self._fields([*self._names, *self._keys])

    @cached_property
    def _sql(self) -> str:
        equations = [f"{column(field)} = %s" for field in self._written]
        changes, place = equations[: len(self._names)], equations[len(self._names) :]
        return f"UPDATE {self._table} SET {', '.join(changes)} WHERE {' AND '.join(place)}"  # noqa: S608


class Add(Statement):
    """`UPDATE` that adds to the number `name` of the row found by `keys`, all attribute names."""

    def __init__(self, model: type[Model], name: str, keys: Sequence[str]) -> None:
        super().__init__(model)
        self._name, self._keys = name, keys

    @cached_property
    def _written(self) -> list[AnyField]:
        return self._fields([self._name, *self._keys])

    @cached_property
    def _sql(self) -> str:
        number, *keys = map(column, self._written)
        place = " AND ".join(f"{key} = %s" for key in keys)
        return f"UPDATE {self._table} SET {number} = {number} + %s WHERE {place}"  # noqa: S608

    def run(self, cursor: Cursor, amount: int, *keys: Any) -> bool:
        """Whether there is such a row."""
        cursor.execute(self._sql, self._adapted((amount, *keys)))
        return bool(cursor.rowcount)


class Pick(Statement):
    """`SELECT` of the columns `names` in the rows whose `fixed` are given and whose `key` is one of many.

    The columns come as the database holds them: texts and whole numbers only.
    """

    def __init__(self, model: type[Model], names: Sequence[str], key: str, fixed: Sequence[str] = ()) -> None:
        super().__init__(model)
        self._names, self._key, self._fixed = names, key, fixed

    @cached_property
    def _written(self) -> list[AnyField]:
        """Those of one key and what is fixed."""
        return self._fields([*self._fixed, self._key])

    def run(self, cursor: Cursor, keys: Sequence[Any], *fixed: Any) -> list[tuple[Any, ...]]:
        """The rows, in no order. At most as many keys as the database takes parameters."""
        adapted = [self._adapted((*fixed, key)) for key in keys]
        cursor.execute(self._sql_for(len(keys)), [*adapted[0][:-1], *(values[-1] for values in adapted)])
        return list(cursor.fetchall())

    def _sql_for(self, keys: int) -> str:
        return f"{self._until_keys}{', '.join(['%s'] * keys)})"

    @cached_property
    def _until_keys(self) -> str:
        *fixed, key = map(column, self._written)
        place = [*(f"{one} = %s" for one in fixed), f"{key} IN ("]
        names = ", ".join(map(column, self._fields(self._names)))
        return f"SELECT {names} FROM {self._table} WHERE {' AND '.join(place)}"  # noqa: S608
