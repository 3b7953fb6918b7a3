"""Where is trading restricted, who has done that, and who wants it lifted? Written by the order core alone."""

from __future__ import annotations

import uuid

from django.db import models

from orders.core.scopes import Scope
from orders.core.trading_states import StateEvent, TradingState

STATES = [(state.value, state.value) for state in TradingState]


class TradingRestriction(models.Model):
    """One row for each target that was ever restricted, as it is now. People's ids are no foreign keys.

    A kill is never refused for what the database thinks of it. `release_*` is the wish of one person that waits for
    another; empty: there is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=8, choices=[(scope.value, scope.value) for scope in Scope])
    key = models.CharField(max_length=64, blank=True, help_text="The id of a desk or user, or a symbol.")
    name = models.CharField(max_length=200, blank=True)
    engine_name = models.CharField(max_length=64, blank=True)
    shared = models.BooleanField(default=False, help_text="The engine's word for it covers others as well.")
    state = models.CharField(max_length=12, choices=STATES)
    reason = models.CharField(max_length=200, blank=True)
    set_by = models.UUIDField(null=True)
    set_by_name = models.CharField(max_length=200, blank=True)
    set_at = models.DateTimeField()
    change = models.UUIDField(null=True)
    blockers = models.JSONField(default=list, help_text="Ids of all who have restricted it since it was active last.")
    drill = models.BooleanField(default=False, help_text="An operator at the machine ends it.")
    release_state = models.CharField(max_length=12, blank=True, choices=STATES)
    release_reason = models.CharField(max_length=200, blank=True)
    release_by = models.UUIDField(null=True)
    release_by_name = models.CharField(max_length=200, blank=True)
    release_at = models.DateTimeField(null=True)
    release_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="trading_restriction_once")]

    def __str__(self) -> str:
        return f"{self.scope} {self.name}: {self.state}".replace(" :", ":")


class StateChange(models.Model):
    """What came of each request that changed something; only ever added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    change = models.UUIDField(db_index=True, help_text="The id of the request; of a kill also that of its file.")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in StateEvent])
    scope = models.CharField(max_length=8, choices=[(scope.value, scope.value) for scope in Scope])
    key = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=200, blank=True)
    before = models.CharField(max_length=12, choices=STATES)
    after = models.CharField(max_length=12, choices=STATES)
    reason = models.CharField(max_length=200, blank=True)
    user = models.UUIDField(null=True)
    user_name = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(help_text="By the clock of who was asked.")
    decided_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.scope} {self.name}: {self.kind}".replace(" :", ":")
