"""How does the engine's instrument table come into the database?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from bridge.wire import messages
from marketdata.models import Instrument
from tradingmw.scaled import from_e8

ROWS_AT_ONCE = 15  # 13 columns a row, twice in an update: SQL Server takes 2,050 parameters a statement


def instruments_store(*, table: Sequence[messages.Instrument], epoch: int) -> None:
    """Makes the stored instruments equal to the table of engine `epoch`; those it lacks become inactive.

    In many short transactions, so that no other writer has to wait; doing it again is harmless and completes it.
    """
    known = {row.symbol: row for row in Instrument.objects.all()}
    now = timezone.now()
    _create([entry for entry in table if entry.symbol not in known], epoch, now)
    changed = [entry for entry in table if entry.symbol in known and _differs(known[entry.symbol], entry)]
    _update([(known[entry.symbol], entry) for entry in changed], epoch, now)
    for symbol in sorted(known.keys() - {entry.symbol for entry in table}):
        Instrument.objects.filter(symbol=symbol, active=True).update(active=False, updated_at=now)
    Instrument.objects.filter(active=True).exclude(engine_epoch=epoch).update(engine_epoch=epoch, updated_at=now)


def _create(table: Sequence[messages.Instrument], epoch: int, now: datetime) -> None:
    rows = [Instrument(symbol=entry.symbol, **_columns(entry), **_stamps(epoch, now)) for entry in table]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        Instrument.objects.bulk_create(rows[start : start + ROWS_AT_ONCE])


def _update(pairs: Sequence[tuple[Instrument, messages.Instrument]], epoch: int, now: datetime) -> None:
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        with transaction.atomic():
            for row, entry in pairs[start : start + ROWS_AT_ONCE]:
                Instrument.objects.filter(pk=row.pk).update(**_columns(entry), **_stamps(epoch, now))


def _differs(row: Instrument, entry: messages.Instrument) -> bool:
    return any(getattr(row, name) != value for name, value in _columns(entry).items())


def _columns(entry: messages.Instrument) -> dict[str, Any]:
    return {
        "exchange": entry.exchange,
        "description": entry.description,
        "currency": entry.currency,
        "tick": from_e8(entry.tick_e8),
        "lot": from_e8(entry.lot_e8),
        "previous_close": from_e8(entry.previous_close_e8) if entry.previous_close_e8 else None,
        "engine_instrument_id": entry.instrument_id,
        "active": True,
    }


def _stamps(epoch: int, now: datetime) -> dict[str, Any]:
    return {"engine_epoch": epoch, "updated_at": now}
