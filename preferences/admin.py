"""What does the staff see of users' workspaces and watchlists? To see them is all: a change behind a user's back would
not show in the version that his screen holds."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from preferences.models import UserProfile, Watchlist, WatchlistItem, Workspace


class SeenOnly:
    """Mixin: not written here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(UserProfile)
class UserProfileAdmin(ModelAdmin):
    list_display = ["user", "full_name", "timezone", "updated_at"]
    search_fields = ["user__username", "full_name"]
    autocomplete_fields = ["user"]


@admin.register(Workspace)
class WorkspaceAdmin(SeenOnly, ModelAdmin):
    list_display = ["name", "user", "is_default", "version", "updated_at"]
    list_filter = ["is_default"]
    search_fields = ["name", "user__username"]


class WatchlistItemInline(SeenOnly, TabularInline):
    model = WatchlistItem
    extra = 0


@admin.register(Watchlist)
class WatchlistAdmin(SeenOnly, ModelAdmin):
    list_display = ["name", "user", "is_default", "version", "updated_at"]
    list_filter = ["is_default"]
    search_fields = ["name", "user__username"]
    inlines = [WatchlistItemInline]


@admin.register(WatchlistItem)
class WatchlistItemAdmin(SeenOnly, ModelAdmin):
    list_display = ["symbol", "exchange", "watchlist", "display_order", "added_at"]
    search_fields = ["symbol", "watchlist__name"]
