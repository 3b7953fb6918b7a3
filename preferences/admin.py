"""What does the staff see of users' workspaces and watchlists? To see them is all: a change behind a user's back would
not show in the version that his screen holds."""

from __future__ import annotations

from django.contrib import admin

from preferences.models import UserProfile, Watchlist, WatchlistItem, Workspace
from tradingmw.read_only import NotWrittenHere, ReadOnlyAdmin


@admin.register(UserProfile)
class UserProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["user", "full_name", "timezone", "updated_at"]
    search_fields = ["user__username", "full_name"]
    autocomplete_fields = ["user"]


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    list_display = ["name", "user", "is_default", "version", "updated_at"]
    list_filter = ["is_default"]
    search_fields = ["name", "user__username"]


class WatchlistItemInline(NotWrittenHere, admin.TabularInline):  # type: ignore[type-arg]
    model = WatchlistItem
    extra = 0


@admin.register(Watchlist)
class WatchlistAdmin(ReadOnlyAdmin):
    list_display = ["name", "user", "is_default", "version", "updated_at"]
    list_filter = ["is_default"]
    search_fields = ["name", "user__username"]
    inlines = [WatchlistItemInline]


@admin.register(WatchlistItem)
class WatchlistItemAdmin(ReadOnlyAdmin):
    list_display = ["symbol", "exchange", "watchlist", "display_order", "added_at"]
    search_fields = ["symbol", "watchlist__name"]
