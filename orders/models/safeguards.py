"""Which sessions are guarded by cancel-on-disconnect, and which accounts have a running cancel-after timer?"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import Account
from orders.safeguard_requests import GuardScope


class GuardedSession(models.Model):
    """Written by the order core only. The session may be cleaned away before this is, so it is no reference."""

    session_id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    ip_address = models.GenericIPAddressField(null=True)
    scope = models.CharField(max_length=8, choices=[(scope.value, scope.value) for scope in GuardScope])
    grace_us = models.BigIntegerField()
    set_at = models.DateTimeField()
    fired = models.BooleanField(default=False, help_text="It has cancelled; no socket of the session came back since.")

    def __str__(self) -> str:
        return f"{self.session_id} {self.scope}"


class CancelAfterTimer(models.Model):
    """Written by the order core only; gone once it has fired."""

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    session_id = models.UUIDField(null=True)
    ip_address = models.GenericIPAddressField(null=True)
    set_at = models.DateTimeField()
    trigger_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.account_id} at {self.trigger_at:%Y-%m-%d %H:%M:%S}"
