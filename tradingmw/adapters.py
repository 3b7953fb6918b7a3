"""How does a value become what the database driver takes, as Django would have it, without asking Django each time?

A field passes a value through five calls and two thread-local proxies, most often to hand it on unchanged. For the
common types the outcome is known; whatever else comes is left to Django.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from types import NoneType
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
    JSONField,
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


hexadecimal: Adapt = attrgetter("hex")  #: of a UUID


def adapter_of(field: AnyField, kind: type) -> Adapt | None:
    """From a value of exactly `kind` to the driver's; None where the driver takes it as it is."""
    kept = type(target_of(field))
    if AS_IT_IS.get(kept) is kind or (kind is NoneType and not isinstance(field, JSONField)):
        return None
    if kept is UUIDField and kind is UUID and not connection.features.has_native_uuid_field:
        return hexadecimal
    if kept is DateTimeField and kind is datetime and connection.vendor == "sqlite":
        return naive_text(through_django(field))
    return through_django(field)


def target_of(field: AnyField) -> AnyField:
    """The field itself, or the key that it refers to."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


def through_django(field: AnyField) -> Adapt:
    return lambda value: field.get_db_prep_save(value, connection)


def naive_text(otherwise: Adapt) -> Adapt:
    return lambda value: utc_text(value) if value.tzinfo is UTC else otherwise(value)


@lru_cache(maxsize=4_096)  # the rows of a batch have few instants among them
def utc_text(value: datetime) -> str:
    """SQLite keeps an instant as UTC without saying so."""
    return value.replace(tzinfo=None).isoformat(" ")
