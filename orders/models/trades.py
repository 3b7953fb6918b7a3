"""What has traded, and what does each account hold because of it?"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Account
from bridge.wire.vocabulary import Side
from orders.core.state import ExecutionStatus
from orders.models.fields import WideIntegerField
from orders.models.orders import Order
from tradingmw.fields import E4Field, E8Field


class Execution(models.Model):
    """One trade, applied exactly once: `exec_key` is the SHA-256 of the engine's execution id, byte-exact.

    A bust or correction leaves the row as it was, but for its status; a correction adds another in its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exec_id = models.CharField(max_length=64)
    exec_key = models.CharField(max_length=64, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="executions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="executions", db_index=False)
    symbol = models.CharField(max_length=24)
    exchange = models.CharField(max_length=8)
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    quantity = E8Field()
    price = E8Field()
    engine_epoch = models.BigIntegerField()
    engine_seq = models.BigIntegerField()
    executed_at = models.DateTimeField()
    status = models.CharField(
        max_length=12,
        choices=[(status.value, status.value) for status in ExecutionStatus],
        default=ExecutionStatus.LIVE.value,
        help_text="Only live ones count.",
    )
    ref_exec_id = models.CharField(max_length=64, blank=True, default="", help_text="In whose place it stands.")
    superseded_by = models.CharField(
        max_length=64, blank=True, default="", help_text="The engine's id of the bust or correction."
    )

    class Meta:
        indexes = [models.Index(fields=["account", "executed_at"], name="execution_by_account")]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} @ {self.price}"


class Position(models.Model):
    """Negative quantity = short. The last four numbers are what the core derived at the last fill."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="positions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="positions", db_index=False)
    symbol = models.CharField(max_length=24)
    exchange = models.CharField(max_length=8)
    quantity = E8Field(default=0)
    cost_e16 = WideIntegerField(default=0, help_text="Exact cost of what is held, in 10⁻¹⁶; negative when short.")
    realized_e16 = WideIntegerField(default=0, help_text="Exact realised profit and loss, in 10⁻¹⁶.")
    current_price = E8Field(default=0)
    average_price = E8Field(null=True)
    unrealized_pnl = E4Field(default=0)
    realized_pnl = E4Field(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "symbol"], name="position_once")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.symbol}"
