"""How does a whole sheet of limits come in? A CSV file of proposals: all of it or nothing, every bad row told at once.

Its columns are the fields of `POST /limits` in snake_case; an empty cell is an absent field.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, TextIO
from uuid import UUID

from django.db import transaction

from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from orders.limits.checking import Terms
from orders.limits.services import Actor, limit_propose
from orders.models import RiskLimit
from orders.models.limits import NOTE_CHARACTERS_MAX
from tradingmw.errors import Forbidden, TradingError

NEEDED = ("rule", "scope")
COLUMNS = (*NEEDED, "target", "symbol", "value", "breach", "effective_from", "effective_until", "replaces", "note")


class Fault(NamedTuple):
    """What is wrong in a line of the file; line 1 is its head."""

    line: int
    field: str
    detail: str


class BadSheet(Exception):
    """Nothing was proposed."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(f"{len(faults)} faults; nothing was proposed.")


class CellFault(ValueError):
    """A cell that cannot be read."""

    def __init__(self, field: str, detail: str) -> None:
        self.field = field
        super().__init__(detail)


def sheet_propose(file: TextIO, by: Actor, note_progress: Callable[[int], object]) -> list[RiskLimit]:
    """A proposal for each row. `BadSheet` with every fault; Forbidden where the actor may not propose at all."""
    made: list[RiskLimit] = []
    faults: list[Fault] = []
    with transaction.atomic():
        for line, row in rows_of(file):
            try:
                made.append(limit_propose(by=by, **proposal_of(row)))
            except Forbidden:
                raise
            except CellFault as error:
                faults.append(Fault(line, error.field, str(error)))
            except TradingError as error:
                faults += faults_of(line, error)
            note_progress(1)
        if faults:
            raise BadSheet(faults)
    return made


def rows_of(file: TextIO) -> Iterator[tuple[int, dict[Any, Any]]]:
    """Each row under the number of its line; `BadSheet` where the head is not what it must be, or from there on."""
    reader = csv.DictReader(file, strict=True)
    if fault := head_fault(reader.fieldnames or ()):
        raise BadSheet([Fault(1, "", fault)])
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise BadSheet([Fault(reader.line_num, "", f"This is no CSV: {error}.")]) from error


def head_fault(head: Iterable[str]) -> str:
    names = list(head)
    if missing := [name for name in NEEDED if name not in names]:
        return f"There is no column {missing[0]}."
    unknown = [name for name in names if name not in COLUMNS]
    return f"There is no such field: {unknown[0][:40]}." if unknown else ""


def proposal_of(raw: dict[Any, Any]) -> dict[str, Any]:
    """The arguments of `limit_propose`; CellFault."""
    if None in raw or None in raw.values():
        raise CellFault("", "It has more or fewer cells than the head.")
    row = {name: str(cell).strip() for name, cell in raw.items()}
    if len(note := row.get("note", "")) > NOTE_CHARACTERS_MAX:
        raise CellFault("note", f"At most {NOTE_CHARACTERS_MAX} characters.")
    terms = Terms(
        rule=read(row, "rule", Rule),
        scope=read(row, "scope", Scope),
        target=row.get("target") or None,
        symbol=row.get("symbol") or None,
        value=row.get("value") or None,
        breach=read(row, "breach", Breach) if row.get("breach") else Breach.DENY,
        effective_from=read(row, "effective_from", instant) if row.get("effective_from") else None,
        effective_until=read(row, "effective_until", instant) if row.get("effective_until") else None,
    )
    return {"terms": terms, "note": note, "replaces": read(row, "replaces", UUID) if row.get("replaces") else None}


def read(row: dict[str, str], field: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(row[field])
    except ValueError as error:
        raise CellFault(field, str(error)) from error


def instant(text: str) -> datetime:
    """RFC 3339 with its offset."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("State the offset from UTC, as in 2026-11-22T10:00:00Z.")
    return found


def faults_of(line: int, error: TradingError) -> list[Fault]:
    return [Fault(line, each["attr"], each["detail"]) for each in error.errors] or [Fault(line, "", error.detail)]
