"""Which alerts did a user set, and what was a user told?"""

from __future__ import annotations

import uuid
from enum import StrEnum

from django.conf import settings
from django.db import models
from django.utils import timezone

from tradingmw.fields import E8Field


class Condition(StrEnum):
    """When does an alert trigger?"""

    ABOVE = "above"
    BELOW = "below"
    CROSSES = "crosses"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(condition.value, condition.value) for condition in cls]


class Alert(models.Model):
    """Tell the user when the last price of a symbol meets a condition."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alerts")
    symbol = models.CharField(max_length=24)
    condition = models.CharField(max_length=20, choices=Condition.choices())
    target_price = E8Field()
    is_active = models.BooleanField(default=True)
    is_triggered = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    triggered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["is_active", "symbol"], name="alert_active_symbol")]

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
