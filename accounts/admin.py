"""What does the staff see and change of users, desks, accounts and sessions? The audit log is only ever read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_proof import RightsAdmin
from accounts.audited_admin import AuditedAdmin, client_of_request
from accounts.factors.lost import factors_take_away
from accounts.models import Account, AddressRule, ApiKey, AuditLog, Desk, Entitlement, Session, SignedRequest, User
from accounts.rights_audit import entitlement_told, rights_told, told_change
from accounts.services import sessions_end_all
from accounts.signatures.services import key_revoke_by_staff
from tradingmw.errors import Forbidden
from tradingmw.read_only import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(RightsAdmin, AuditedAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A user is deactivated, never deleted: orders and audit rows name him."""

    actions = ["end_sessions", "take_factors_away"]
    untold = frozenset({"groups", "desk", "account", "is_active", "is_staff", "is_superuser"})  # user.rights_changed
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

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """What of the user's rights the form changed is audited in the same transaction."""
        with told_change(request, "user.rights_changed", rights_told, object_id):
            return super().changeform_view(request, object_id, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not form.instance.is_active:
            self._end_sessions(request, form.instance, "deactivated")

    @admin.action(description="End all their sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        ended = sum(self._end_sessions(request, user, "ended_by_staff") for user in users)
        self.message_user(request, f"{ended} sessions were ended.")

    def has_factors_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_totpfactor")

    @admin.action(description="Take away all second factors of one who has lost them", permissions=["factors"])
    def take_factors_away(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Of one user at a time: a slip of the mouse must not open a desk."""
        if users.count() != 1:
            self.message_user(request, "Choose one user: second factors are taken away one by one.", messages.ERROR)
            return
        client, by = client_of_request(request), UUID(str(request.user.pk))
        try:
            ended = factors_take_away(user=users.get(), client=client, by=by)
        except Forbidden as error:
            self.message_user(request, error.detail, messages.ERROR)
        else:
            self.message_user(request, f"The factors were taken away, {ended} sessions were ended.")

    def _end_sessions(self, request: HttpRequest, user: User, reason: str) -> int:
        client, by = client_of_request(request), UUID(str(request.user.pk))
        return sessions_end_all(user=user, client=client, reason=reason, by=by)


@admin.register(Entitlement)
class EntitlementAdmin(RightsAdmin):
    """What narrows the rights of a user; in force within seconds."""

    list_display = [
        "user", "exchanges", "order_types", "quantity_max", "value_max", "signed_above", "needs_approval", "tier",
    ]  # fmt: skip
    list_filter = ["needs_approval", "tier"]
    search_fields = ["user__username"]
    readonly_fields = ["updated_at"]
    autocomplete_fields = ["user"]

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        user_id = object_id or request.POST.get("user")
        with told_change(request, "user.entitlement_changed", entitlement_told, user_id):
            return super().changeform_view(request, object_id, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        with told_change(request, "user.entitlement_changed", entitlement_told, object_id):
            return super().delete_view(request, object_id, *args, **kwargs)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "user", "scopes", "networks", "created_at", "expires_at", "revoked_at"]
    search_fields = ["user__username", "name"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Nobody changes a key; who may change users' rights may end one."""
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description="Revoke the chosen keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        for key in keys:
            key_revoke_by_staff(
                key=key, user_id=UUID(str(request.user.pk)), ip_address=client_of_request(request).ip_address
            )


@admin.register(SignedRequest)
class SignedRequestAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "key", "method", "request_id", "ip_address"]
    list_filter = ["method"]
    fields = ["key", "received_at", "created_at", "method", "request_id", "ip_address", "base", "signature"]
    search_fields = ["request_id"]
    show_full_result_count = False


@admin.register(AddressRule)
class AddressRuleAdmin(RightsAdmin, AuditedAdmin):
    list_display = ["role", "user", "network", "note", "created_at"]
    list_filter = ["role"]
    search_fields = ["user__username", "network"]
    autocomplete_fields = ["user"]
    readonly_fields = ["created_at"]


@admin.register(Desk)
class DeskAdmin(AuditedAdmin):
    list_display = ["name", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["created_at"]


@admin.register(Account)
class AccountAdmin(AuditedAdmin):
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
