"""What does admin show of the instruments? All of it, and nothing can be changed: the engine's table is the source."""

from __future__ import annotations

from django.contrib import admin

from marketdata.models import Instrument
from tradingmw.read_only import ReadOnlyAdmin


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ["symbol", "exchange", "description", "tick", "lot", "previous_close", "active"]
    list_filter = ["exchange", "active"]
    search_fields = ["symbol", "description"]
