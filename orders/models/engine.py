"""What must survive a crash of the order bridge? Its lease, its commands, how far it read, what it refused to apply."""

from __future__ import annotations

import uuid

from django.db import models

from orders.core.state import CommandKind, CommandProgress
from orders.models.orders import Order
from tradingmw.fields import E8Field


class Lease(models.Model):
    """One row. Who may write orders: the bridge whose `fence` is in it; the fence is the engine's session too."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    fence = models.BigIntegerField(default=0)
    holder_address = models.CharField(max_length=120, blank=True)
    renewed = models.BigIntegerField(default=0, help_text="Grows with every transaction of the holder.")

    def __str__(self) -> str:
        return f"fence {self.fence} held by {self.holder_address or 'no one'}"


class EngineCommand(models.Model):
    """A command that may leave for the engine, with what it asks for; committed before it does."""

    session = models.BigIntegerField()
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in CommandKind])
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="commands")
    deadline_us = models.BigIntegerField()
    side = models.CharField(max_length=4, blank=True, default="", help_text="Of a new order.")
    quantity = E8Field(null=True)
    price = E8Field(null=True)
    stop_price = E8Field(null=True)
    progress = models.CharField(max_length=12, choices=[(step.value, step.value) for step in CommandProgress])
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "seq"], name="engine_command_once")]
        indexes = [models.Index(fields=["progress", "session"], name="engine_command_progress")]

    def __str__(self) -> str:
        return f"{self.session}/{self.seq} {self.kind} {self.progress}"


class EngineCursor(models.Model):
    """One row: the last execution report that was applied."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.epoch}/{self.seq}"


class QuarantinedReport(models.Model):
    """A report that could not be applied: an order we do not know, or an event that its status does not allow."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    engine_epoch = models.BigIntegerField()
    engine_seq = models.BigIntegerField()
    order_id = models.UUIDField(null=True, help_text="As the report names it; such an order need not exist.")
    reason = models.CharField(max_length=200)
    report = models.JSONField(default=dict)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.engine_epoch}/{self.engine_seq} {self.reason}"
