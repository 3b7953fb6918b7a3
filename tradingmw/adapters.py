"""How does a value become what the database driver takes, as Django would have it, without asking Django each time?

A field passes a value through five calls and two thread-local proxies, most often to hand it on unchanged. For the
common types the outcome is known; whatever else comes is left to Django.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    ForeignKey,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    TextField,
    UUIDField,
)

AnyField: TypeAlias = "Field[Any, Any]"  # a string: the class cannot be subscripted when it runs
Adapt = Callable[[Any], Any]
#: Fields whose values the driver takes as they are; not their subclasses, which may have ideas of their own.
AS_IT_IS: dict[type, type] = {
    BigIntegerField: int,
    BooleanField: bool,
    CharField: str,
    PositiveIntegerField: int,
    PositiveSmallIntegerField: int,
    TextField: str,
}


def adapter_of(field: AnyField) -> Adapt:
    """From the value that a model's attribute has to the driver's; ask once per column."""
    kept = type(target_of(field))
    by_django = through_django(field)
    if kept in AS_IT_IS:
        return unchanged(AS_IT_IS[kept], by_django)
    if kept is UUIDField and not connection.features.has_native_uuid_field:
        return hexadecimal(by_django)
    if kept is DateTimeField and connection.vendor == "sqlite":
        return naive_text(by_django)
    return by_django


def target_of(field: AnyField) -> AnyField:
    """The field itself, or the key that it refers to."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


def through_django(field: AnyField) -> Adapt:
    return lambda value: field.get_db_prep_save(value, connection)


def unchanged(kind: type, otherwise: Adapt) -> Adapt:
    """Exactly `kind`: a word of an enumeration is a text of its own type."""
    return lambda value: value if type(value) is kind else otherwise(value)


def hexadecimal(otherwise: Adapt) -> Adapt:
    return lambda value: value.hex if type(value) is UUID else otherwise(value)


def naive_text(otherwise: Adapt) -> Adapt:
    return lambda value: utc_text(value) if type(value) is datetime and value.tzinfo is UTC else otherwise(value)


@lru_cache(maxsize=4_096)  # the rows of a batch have few instants among them
def utc_text(value: datetime) -> str:
    """SQLite keeps an instant as UTC without saying so."""
    return value.replace(tzinfo=None).isoformat(" ")
