"""Who are the users, and what do they belong to?"""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils import timezone

from accounts.policy import Role as Role
from tradingmw.budgets import Tier


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
    #: grows with each change of password or roles; access tokens of an earlier one are not taken any more
    epoch = models.PositiveIntegerField(default=0, editable=False)
    #: as they were read together with him, else asked for; no column
    roles_read: tuple[str, ...] | None = None

    @property
    def roles(self) -> list[str]:
        if self.roles_read is not None:
            return list(self.roles_read)
        return sorted(group.name for group in self.groups.all())

    @property
    def tier(self) -> Tier:
        """Read with his attributes."""
        try:
            return Tier(self.entitlement.tier)
        except ObjectDoesNotExist:
            return Tier.STANDARD

    def clean(self) -> None:
        super().clean()
        self.username, self.email = self.username.lower(), self.email.lower()
