"""How is the same queryset asked again and again without Django putting it together each time?

Its statement, the converters of its columns and the way from a row to objects are worked out once per thread, as
Django has them; a run then costs the statement and the objects. To build the queryset costs ten times that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet, UUIDField
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)
Row = Sequence[Any]  #: the columns of one row, as Python has them
ANYBODY = UUID(int=0)  #: whom the statement is compiled for


class Compiled(threading.local, Generic[M]):
    """`queryset` of one id, which may have related objects and annotations, but nothing prefetched."""

    def __init__(self, queryset: Callable[[UUID], QuerySet[M]]) -> None:
        self._statement: Statement[M] | None = None
        self._queryset = queryset

    @property
    def statement(self) -> Statement[M]:
        if self._statement is None:
            self._statement = Statement(self._queryset(ANYBODY))
        return self._statement


class Statement(Generic[M]):
    """A compiled queryset of `ANYBODY`, for the thread that made it."""

    def __init__(self, queryset: QuerySet[M]) -> None:
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._compiler: Any = compiler
        self.sql, parameters = compiler.as_sql()
        self._parameters = list(parameters)
        self._place = self._parameters.index(as_kept(ANYBODY))
        self._converters = compiler.get_converters([expression for expression, *_ in self._compiler.select])
        self._column: dict[str, int] = self._compiler.annotation_col_map or {}
        chosen = self._compiler.klass_info["select_fields"]
        self._own = slice(chosen[0], chosen[-1] + 1)
        self._names = [expression.target.attname for expression, *_ in self._compiler.select[self._own]]
        self._model = queryset.model
        populators = cast(Any, get_related_populators)  # the stubs are of a later Django
        self._populators = populators(self._compiler.klass_info, self._compiler.select, DEFAULT_DB_ALIAS)

    def rows(self, key: UUID) -> list[Row]:
        """Those of the object with this id."""
        parameters = [*self._parameters]
        parameters[self._place] = as_kept(key)
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found = cursor.fetchall()
        return list(self._compiler.apply_converters(found, self._converters))

    def made_of(self, row: Row) -> M:
        """The object of a row, with those that are related to it."""
        made = self._model.from_db(DEFAULT_DB_ALIAS, self._names, row[self._own])
        for populator in self._populators:
            populator.populate(row, made)
        return made

    def annotated(self, name: str, rows: Sequence[Row]) -> list[Any]:
        """What each of these has under `name`."""
        column = self._column[name]
        return [row[column] for row in rows]


def as_kept(key: UUID) -> Any:
    """As the database's driver takes it."""
    return cast(Any, UUIDField()).get_db_prep_value(key, connection)
