"""How does admin show a record that nobody may add, change or delete there, whatever the rights say?"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class NotWrittenHere:
    """Mixin for admin classes and inlines."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(NotWrittenHere, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A page that only shows; counting a long table's rows is left out."""

    list_per_page = 50
    show_full_result_count = False
