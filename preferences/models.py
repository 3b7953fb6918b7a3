"""How does each user like to work: profile, workspaces, watchlists?

JSON columns are opaque documents of the screens: stored and given back, never queried inside. `version` is what
`ETag` and `If-Match` compare. `name_key` is what makes names equal (`naming.py`).
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

NAME_CHARACTERS_MAX = 100


class UserProfile(models.Model):
    """What a user tells about himself, and small settings of the screens."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    full_name = models.CharField(max_length=200, blank=True)
    contact_number = models.CharField(max_length=40, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    preferences = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.full_name or f"profile of {self.user_id}"


class Workspace(models.Model):
    """A named arrangement of a user's screens; at most one is the default."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="workspaces")
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    name_key = models.CharField(max_length=64, editable=False)
    layout = models.JSONField(default=dict, blank=True)
    is_default = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(is_default=True), name="workspace_one_default"),
            models.UniqueConstraint(fields=["user", "name_key"], name="workspace_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Watchlist(models.Model):
    """A named list of instruments that a user follows; at most one is the default."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists")
    name = models.CharField(max_length=NAME_CHARACTERS_MAX)
    name_key = models.CharField(max_length=64, editable=False)
    is_default = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(is_default=True), name="watchlist_one_default"),
            models.UniqueConstraint(fields=["user", "name_key"], name="watchlist_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class WatchlistItem(models.Model):
    """An instrument on a watchlist; it need not be traded here any more. `display_order` is its place, 0 the top."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="items")
    symbol = models.CharField(max_length=24)
    exchange = models.CharField(max_length=12, blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    display_order = models.IntegerField(default=0)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["display_order", "added_at"]
        constraints = [models.UniqueConstraint(fields=["watchlist", "symbol", "exchange"], name="watchlist_item_once")]

    def __str__(self) -> str:
        return self.symbol
