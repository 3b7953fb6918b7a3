"""Which sessions and tickets are whose?"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from accounts.models.people import User


class Session(models.Model):
    """One login on one device; every access and refresh token names its session, so that ending it ends them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    name = models.CharField(max_length=60, blank=True, help_text="As its user calls it.")
    ip_address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_active = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)
    #: hashes (SHA-256, hex) of the refresh token in force and of the one before it
    refresh_hash = models.CharField(max_length=64, unique=True)
    previous_refresh_hash = models.CharField(max_length=64, blank=True, db_index=True)
    rotated_at = models.DateTimeField(null=True, blank=True)
    #: when a second factor was proven last, and with what (`Method`, spaces between); not at all where there is none
    mfa_at = models.DateTimeField(null=True, blank=True)
    amr = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="session_expires")]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d %H:%M}"


class SocketTicket(models.Model):
    """A one-use pass for opening a WebSocket, bound to a session; only its hash is kept."""

    ticket_hash = models.CharField(primary_key=True, max_length=64)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="tickets")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    #: who asked for it opens the socket; None: asked for by a program of ours
    ip_address = models.GenericIPAddressField(null=True)

    def __str__(self) -> str:
        return f"ticket of {self.session_id}"
