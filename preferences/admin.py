"""What does the staff see of users' workspaces and watchlists?"""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from preferences.models import UserProfile, Watchlist, WatchlistItem, Workspace


@admin.register(UserProfile)
class UserProfileAdmin(ModelAdmin):
    list_display = ["user", "full_name", "timezone", "updated_at"]
    search_fields = ["user__username", "full_name"]
    autocomplete_fields = ["user"]


@admin.register(Workspace)
class WorkspaceAdmin(ModelAdmin):
    list_display = ["name", "user", "is_default", "version", "updated_at"]
    list_filter = ["is_default"]
    search_fields = ["name", "user__username"]
    autocomplete_fields = ["user"]
    readonly_fields = ["version", "created_at", "updated_at"]


class WatchlistItemInline(TabularInline):
    model = WatchlistItem
    extra = 0


@admin.register(Watchlist)
class WatchlistAdmin(ModelAdmin):
    list_display = ["name", "user", "is_default", "version", "updated_at"]
    list_filter = ["is_default"]
    search_fields = ["name", "user__username"]
    autocomplete_fields = ["user"]
    readonly_fields = ["version", "created_at", "updated_at"]
    inlines = [WatchlistItemInline]


@admin.register(WatchlistItem)
class WatchlistItemAdmin(ModelAdmin):
    list_display = ["symbol", "exchange", "watchlist", "display_order", "added_at"]
    search_fields = ["symbol", "watchlist__name"]
    autocomplete_fields = ["watchlist"]
