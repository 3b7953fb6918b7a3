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

KEPT = ["exchange", "description", "currency", "tick", "lot", "previous_close"]
KEPT += ["engine_instrument_id", "engine_epoch", "active", "updated_at"]
BATCH = 150  # rows of 11 columns: SQL Server takes 2,050 parameters a statement, SQLite more


def instruments_store(*, table: Sequence[messages.Instrument], epoch: int) -> None:
    """Makes the stored instruments equal to the table of engine `epoch`; those it lacks become inactive."""
    now = timezone.now()
    with transaction.atomic():
        known = {row.symbol: row for row in Instrument.objects.all()}
        rows = [_row(known.get(entry.symbol), entry, epoch, now) for entry in table]
        Instrument.objects.bulk_create([row for row in rows if row.symbol not in known], batch_size=BATCH)
        Instrument.objects.bulk_update([row for row in rows if row.symbol in known], KEPT, batch_size=BATCH // 10)
        gone = known.keys() - {entry.symbol for entry in table}
        for symbol in sorted(gone):
            Instrument.objects.filter(symbol=symbol, active=True).update(active=False, updated_at=now)


def _row(known: Instrument | None, entry: messages.Instrument, epoch: int, now: datetime) -> Instrument:
    row = known or Instrument(symbol=entry.symbol)
    for name, value in _columns(entry, epoch, now).items():
        setattr(row, name, value)
    return row


def _columns(entry: messages.Instrument, epoch: int, now: datetime) -> dict[str, Any]:
    return {
        "exchange": entry.exchange,
        "description": entry.description,
        "currency": entry.currency,
        "tick": from_e8(entry.tick_e8),
        "lot": from_e8(entry.lot_e8),
        "previous_close": from_e8(entry.previous_close_e8) if entry.previous_close_e8 else None,
        "engine_instrument_id": entry.instrument_id,
        "engine_epoch": epoch,
        "active": True,
        "updated_at": now,
    }
