"""When were both sides' open orders compared, and what differed?"""

from __future__ import annotations

import uuid

from django.db import models

from orders.core.comparison import Cause, Finding, Kind, RunOutcome


class Reconciliation(models.Model):
    """One comparison of all open orders with the engine's."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cause = models.CharField(max_length=12, choices=[(cause.value, cause.value) for cause in Cause])
    outcome = models.CharField(max_length=12, choices=[(outcome.value, outcome.value) for outcome in RunOutcome])
    session = models.BigIntegerField(help_text="Of the order bridge.")
    engine_epoch = models.BigIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    here = models.PositiveIntegerField(default=0, help_text="Open orders here that were compared.")
    engine = models.PositiveIntegerField(default=0, help_text="Open orders that the engine listed.")
    repaired = models.PositiveIntegerField(default=0)
    flagged = models.PositiveIntegerField(default=0, help_text="They wait for a person.")
    gone = models.PositiveIntegerField(default=0, help_text="Both sides agreed when the engine was asked again.")

    class Meta:
        indexes = [
            models.Index(fields=["began_at"], name="reconciliation_by_begin"),
            models.Index(fields=["outcome"], name="reconciliation_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S} {self.cause} {self.outcome}"


class ReconciliationDifference(models.Model):
    """One order that differed. It need not exist here, so `order_id` is no foreign key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.PROTECT, related_name="differences")
    order_id = models.UUIDField()
    account = models.CharField(max_length=64)
    client_order_id = models.CharField(max_length=48)
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in Kind])
    here = models.CharField(max_length=160, blank=True, help_text="The order as it was here; empty: there is none.")
    engine = models.CharField(max_length=160, blank=True, help_text="As the engine listed it; empty: it did not.")
    finding = models.CharField(max_length=12, choices=[(finding.value, finding.value) for finding in Finding])
    found_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["order_id"], name="difference_by_order")]

    def __str__(self) -> str:
        return f"{self.client_order_id} {self.kind} {self.finding}"
