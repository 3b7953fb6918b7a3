"""Which limits has somebody proposed, and which of them has a second person approved?

A row says once what it proposes and is never told otherwise: a change is another row that stands in its place from a
date on, an end is a row that asks for it. When each holds is worked out from all of them (`orders.limits.spans`).
"""

from __future__ import annotations

import uuid
from enum import StrEnum

from django.conf import settings
from django.db import models

from accounts.models import Desk
from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope

NOTE_CHARACTERS_MAX = 400


class LimitState(StrEnum):
    """How far a proposal has come."""

    PROPOSED = "proposed"  #: waits for a second person
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  #: by who proposed it
    ENDED = "ended"  #: approved, and will not hold any more; shown, never stored


class Asks(StrEnum):
    """What a row proposes."""

    SET = "set"  #: this limit
    END = "end"  #: that the limit which it `replaces` holds no longer


def chosen_from(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


class RiskLimit(models.Model):
    """One proposal and what became of it. `version` counts how often it came to look another way."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asks = models.CharField(max_length=4, choices=chosen_from(Asks), default=Asks.SET.value)
    rule = models.CharField(max_length=24, choices=chosen_from(Rule))
    scope = models.CharField(max_length=8, choices=chosen_from(Scope))
    desk = models.ForeignKey(Desk, null=True, blank=True, on_delete=models.PROTECT, related_name="limits")
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="limits"
    )
    symbol = models.CharField(max_length=24, blank=True, default="", help_text="Whom it holds for, or what narrows it.")
    value = models.BigIntegerField(default=0, help_text="In the unit of its rule: 10⁻⁸, 10⁻⁴ or one.")
    breach = models.CharField(max_length=8, choices=chosen_from(Breach), default=Breach.DENY.value)
    effective_from = models.DateTimeField(null=True, blank=True, help_text="Empty: from its approval on.")
    effective_until = models.DateTimeField(null=True, blank=True, help_text="Empty: for good.")
    state = models.CharField(max_length=10, choices=chosen_from(LimitState), default=LimitState.PROPOSED.value)
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors")
    note = models.CharField(max_length=NOTE_CHARACTERS_MAX, blank=True, default="")
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=NOTE_CHARACTERS_MAX, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["state"], name="risk_limit_by_state"),
            models.Index(fields=["proposed_at"], name="risk_limit_by_proposal"),
        ]

    def __str__(self) -> str:
        return f"{self.asks} {self.rule} {self.scope} {self.state}"


class LimitRevision(models.Model):
    """One row: it grows with every approval, so that an order bridge sees at a glance that there is news."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)
