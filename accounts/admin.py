"""What does the staff see and change of users, desks, accounts and sessions? The audit log is only ever read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from accounts.models import Account, AuditLog, Desk, Session, User
from tradingmw.read_only import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A user is deactivated, never deleted: orders and audit rows name him."""

    list_display = ["username", "email", "desk", "account", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "desk", "groups"]
    search_fields = ["username", "email", "first_name", "last_name"]
    readonly_fields = ["last_login", "date_joined", "created_at"]
    fieldsets = [
        (None, {"fields": ["username", "password", "email", "first_name", "last_name"]}),
        ("Trading", {"fields": ["desk", "account"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "email", "password1", "password2", "desk", "account"]})]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "desk", "created_at"]
    list_filter = ["desk"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["user", "ip_address", "created_at", "last_active", "expires_at", "ended_at", "end_reason"]
    list_filter = ["end_reason"]
    search_fields = ["user__username", "ip_address"]
    exclude = ["refresh_hash", "previous_refresh_hash"]
    show_full_result_count = False


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    list_display = ["timestamp", "user", "action", "resource", "resource_id", "ip_address", "request_id"]
    list_filter = ["action", "resource"]
    search_fields = ["user__username", "action", "resource_id", "request_id"]
    date_hierarchy = "timestamp"
    show_full_result_count = False
