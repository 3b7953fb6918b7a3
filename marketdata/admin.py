"""What does admin show of the instruments? All of it, and nothing can be changed: the engine's table is the source."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from marketdata.models import Instrument


@admin.register(Instrument)
class InstrumentAdmin(ModelAdmin):
    list_display = ["symbol", "exchange", "description", "tick", "lot", "previous_close", "active"]
    list_filter = ["exchange", "active"]
    search_fields = ["symbol", "description"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
