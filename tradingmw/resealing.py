"""How do sealed columns come under a new key while the system works?

Row by row, in batches: each value is opened, sealed under the first key and written only where it is still the one that
was read. What is under the first key already is passed over, so a run that was stopped is simply run again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.apps import apps
from django.db import models

from tradingmw.sealed import NotOpened, Sealed, SealedField, seals

logger = logging.getLogger(__name__)
BATCH_ROWS: Final = 200
Column = tuple[type[models.Model], SealedField]


@dataclass(slots=True)
class Resealed:
    """What became of the values of one column."""

    column: str
    rows: int = 0
    resealed: int = 0  #: now under the first key, and were not
    changed: int = 0  #: written by somebody else meanwhile, with whatever key that process has: look again
    failed: list[str] = field(default_factory=list)  #: a sentence each


def sealed_columns() -> list[Column]:
    """Every sealed column of every table."""
    return [
        (model, column)
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if isinstance(column, SealedField)
    ]


def column_reseal(column: Column, batch_rows: int = BATCH_ROWS) -> Iterator[Resealed]:
    """The same tally after each batch; the last one is that of the whole column."""
    model, sealed_field = column
    tally = Resealed(f"{model._meta.db_table}.{sealed_field.column}")
    yield tally
    for batch in _batches(model, sealed_field.attname, batch_rows):
        for pk, sealed in batch:
            tally.rows += 1
            if sealed is not None and sealed.key_name != seals().sealing:
                _reseal(tally, column, pk, sealed)
        yield tally


def _batches(model: type[models.Model], name: str, rows: int) -> Iterator[list[tuple[Any, Sealed | None]]]:
    found = model._base_manager.order_by("pk").values_list("pk", name)
    batch = list(found[:rows])
    while batch:
        yield batch
        batch = list(found.filter(pk__gt=batch[-1][0])[:rows])


def _reseal(tally: Resealed, column: Column, pk: Any, old: Sealed) -> None:
    model, sealed_field = column
    place, name = sealed_field.place(pk), sealed_field.attname
    try:
        new = seals().seal(seals().open(old, place), place)
    except NotOpened as error:
        logger.error("A sealed value could not be opened", extra={"place": place, "why": str(error)})
        tally.failed.append(str(error))
        return
    if model._base_manager.filter(pk=pk, **{name: old}).update(**{name: new}):
        tally.resealed += 1
    else:
        tally.changed += 1
