"""Which alerts did a user set, and what was a user told?"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications.rules import Condition, Side
from tradingmw.fields import E8Field

NOTE_LENGTH = 200


class Alert(models.Model):
    """Tell the user when the last price of a symbol meets a condition.

    It waits while it is active and not triggered. `side` and `seen_…` belong to the arming and are written once, by
    whoever watches the feed: with them the alert goes on after a crash as if nothing had been.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts")
    symbol = models.CharField(max_length=24)
    condition = models.CharField(max_length=20, choices=Condition.choices())
    target_price = E8Field()
    is_active = models.BooleanField(default=True)
    is_triggered = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    triggered_at = models.DateTimeField(null=True, blank=True)
    triggered_price = E8Field(null=True, blank=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    #: grows with each change of what it waits for; one arming fires at most once
    arming = models.PositiveIntegerField(default=1, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False, help_text="When this arming was first watched.")
    side = models.SmallIntegerField(default=Side.UNKNOWN.value, choices=Side.choices(), editable=False)
    seen_high = E8Field(null=True, editable=False, help_text="The day's high at `seen_at`.")
    seen_low = E8Field(null=True, editable=False, help_text="The day's low at `seen_at`.")

    class Meta:
        indexes = [
            models.Index(fields=["is_active", "symbol"], name="alert_active_symbol"),
            models.Index(fields=["changed_at"], name="alert_changed"),
            models.Index(fields=["user", "created_at"], name="alert_user_time"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.condition} {self.target_price}"


class Notification(models.Model):
    """Something that a user was told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    type = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    message = models.TextField(blank=True)
    is_read = models.BooleanField(default=False)
    #: opaque: never queried inside
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["user", "created_at"], name="notification_user_time")]

    def __str__(self) -> str:
        return self.title
