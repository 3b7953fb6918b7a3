"""What does the staff see of alerts, notifications and the private streams? The streams are history: they are only
read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from notifications.models import Alert, Notification, OutboxTask, StreamEvent
from tradingmw.read_only import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Read only: a change that is no new arming would not reach whoever watches the feed."""

    list_display = ["symbol", "condition", "target_price", "user", "is_active", "is_triggered", "created_at"]
    list_filter = ["is_active", "is_triggered", "condition"]
    search_fields = ["symbol", "user__username"]


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "type", "user", "is_read", "created_at"]
    list_filter = ["type", "is_read"]
    search_fields = ["title", "user__username"]
    autocomplete_fields = ["user"]
    readonly_fields = ["created_at"]


@admin.register(StreamEvent)
class StreamEventAdmin(ReadOnlyAdmin):
    list_display = ["stream", "number", "channel", "kind", "created_at"]
    list_filter = ["channel", "kind"]
    search_fields = ["stream"]


@admin.register(OutboxTask)
class OutboxTaskAdmin(ReadOnlyAdmin):
    list_display = ["task", "key", "created_at", "attempts", "not_before", "done_at", "parked_at", "last_error"]
    list_filter = ["task", ("parked_at", admin.EmptyFieldListFilter), ("done_at", admin.EmptyFieldListFilter)]
    search_fields = ["key"]
    actions = ["try_again"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are changed by the action alone."""
        return obj is None and admin.ModelAdmin.has_change_permission(self, request)

    @admin.action(description="Try parked tasks again", permissions=["change"])
    def try_again(self, request: HttpRequest, tasks: QuerySet[OutboxTask]) -> None:
        again = tasks.filter(parked_at__isnull=False, done_at__isnull=True)
        count = again.update(parked_at=None, attempts=0, not_before=timezone.now())
        self.message_user(request, f"{count} tasks will be tried again.")
