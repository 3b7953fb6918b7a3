"""Who are the users, what do they belong to, which sessions and tickets are theirs, and what did they do?

Keys are UUIDs. Names that are compared are kept in lower case, because SQL Server compares without case.
"""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone


class Role(StrEnum):
    """What a user may do; kept as Django groups of the same name."""

    TRADER = "trader"
    DESK_HEAD = "desk_head"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"
    ADMIN = "admin"
    READ_ONLY = "read_only"


class Desk(models.Model):
    """Traders who work together; its head sees the desk's flow. `name` is lower case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """What orders, executions and positions belong to: one per user at first. `name` goes to the engine."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=40, unique=True)
    desk = models.ForeignKey(Desk, null=True, blank=True, on_delete=models.PROTECT, related_name="accounts")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person or program that logs in. `username` and `email` are lower case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    mfa_settings = models.JSONField(default=dict, blank=True)
    desk = models.ForeignKey(Desk, null=True, blank=True, on_delete=models.PROTECT, related_name="users")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="users")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    @property
    def roles(self) -> list[str]:
        return sorted(group.name for group in self.groups.all())

    def clean(self) -> None:
        super().clean()
        self.username, self.email = self.username.lower(), self.email.lower()


class Session(models.Model):
    """One login on one device; every access and refresh token names its session, so that ending it ends them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
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

    def __str__(self) -> str:
        return f"ticket of {self.session_id}"


class AuditRows(models.QuerySet["AuditLog"]):
    """Rows that are only ever added."""

    def update(self, **_values: Any) -> int:
        raise TypeError("Audit rows are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")


class AuditLog(models.Model):
    """What was done, by whom, from where; never changed and never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    resource = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    ip_address = models.GenericIPAddressField(null=True)
    timestamp = models.DateTimeField(default=timezone.now, db_index=True)

    objects = AuditRows.as_manager()

    def __str__(self) -> str:
        return f"{self.timestamp:%Y-%m-%d %H:%M:%S} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit rows are never changed.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")
