"""What does admin show of the instruments? All of it; but for the asset class the engine's table is the source."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin_proof import RightsAdmin
from accounts.audited_admin import AuditedAdmin
from marketdata.models import Instrument


@admin.register(Instrument)
class InstrumentAdmin(RightsAdmin, AuditedAdmin):
    """The asset class is what the rights of users may be narrowed to."""

    list_display = ["symbol", "exchange", "asset_class", "description", "tick", "lot", "previous_close", "active"]
    list_filter = ["exchange", "asset_class", "active"]
    search_fields = ["symbol", "description"]
    list_per_page = 50
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in Instrument._meta.fields if field.name != "asset_class"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
