"""What is kept of an order? A row that is the projection of its history, and the history, only ever added to.

A reference has no index of its own where another one begins with it: each costs every order a page.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Account, Desk
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.lifecycle import OrderEvent, OrderStatus
from orders.models.fields import WideIntegerField
from tradingmw.correlation import CHARACTERS_MAX
from tradingmw.fields import E8Field


class Order(models.Model):
    """Written by the order core only. `client_order_key` makes uniqueness byte-exact under any collation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders", db_index=False)
    desk = models.ForeignKey(Desk, null=True, on_delete=models.PROTECT, related_name="orders", db_index=False)
    client_order_id = models.CharField(max_length=48)
    client_order_key = models.CharField(max_length=96, help_text="The bytes of clientOrderId in hexadecimal.")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the normalised request.")
    symbol = models.CharField(max_length=24)
    exchange = models.CharField(max_length=8)
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    order_type = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in OrderType])
    time_in_force = models.CharField(max_length=4, choices=[(force.value, force.value) for force in TimeInForce])
    quantity = E8Field()
    price = E8Field(null=True)
    stop_price = E8Field(null=True)
    expires_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=20, choices=[(status.value, status.value) for status in OrderStatus])
    filled_quantity = E8Field(default=0)
    filled_notional_e16 = WideIntegerField(default=0, help_text="Σ price · quantity of its executions, in 10⁻¹⁶.")
    external_order_id = models.CharField(max_length=64, blank=True)
    engine_epoch = models.BigIntegerField(default=0, help_text="The engine's life that acknowledged it; 0 = none yet.")
    cancel_wanted = models.BooleanField(default=False)
    external = models.BooleanField(default=False, help_text="The engine holds it, and it was not sent from here.")
    reason = models.CharField(max_length=40, blank=True)
    trace = models.CharField(
        max_length=CHARACTERS_MAX,
        blank=True,
        default="",
        help_text="X-Request-ID of the request that asked for it, or for its end, last.",
    )
    session_id = models.UUIDField(null=True, help_text="In which it was asked for.")
    held = models.CharField(max_length=12, blank=True, default="", help_text="Why it is not sent yet; empty: it is.")
    group_id = models.UUIDField(null=True, help_text="Of orders that depend on each other.")
    leg = models.CharField(max_length=12, blank=True, default="", help_text="What it is in its group.")
    shared_quantity = E8Field(null=True, help_text="Of an OCO: what all of it may trade together.")
    reference_price = E8Field(null=True, help_text="By which it was judged, where it has none of its own.")
    version = models.PositiveIntegerField(default=0, help_text="How many events its history holds.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "client_order_key"], name="order_client_id_once"),
        ]
        indexes = [
            models.Index(fields=["account", "created_at"], name="order_by_account"),
            models.Index(fields=["desk", "created_at"], name="order_by_desk"),
            models.Index(fields=["status"], name="order_by_status"),
            # of few orders: it costs the others nothing
            models.Index(fields=["group_id"], name="order_by_group", condition=models.Q(group_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.client_order_id} {self.status}"


class OrderHistory(models.Model):
    """One event of one order; `number` counts them from 1 without a gap.

    `*_us` are the hops on its way here, in microseconds since 1970 UTC, 0 where it did not pass them; `timestamp` is
    when it was decided.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="history", db_index=False)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=40, choices=[(event.value, event.value) for event in OrderEvent])
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    status_details = models.JSONField(default=dict)
    engine_epoch = models.BigIntegerField(default=0)
    engine_seq = models.BigIntegerField(default=0)
    received_us = models.BigIntegerField(default=0, help_text="The request came to the web process.")
    committed_us = models.BigIntegerField(default=0, help_text="The command that it answers was durable.")
    sent_us = models.BigIntegerField(default=0, help_text="That command was handed to the network.")
    engine_us = models.BigIntegerField(default=0, help_text="It happened, by the engine's clock.")
    arrived_us = models.BigIntegerField(default=0, help_text="Request or report came to the order bridge.")
    timestamp = models.DateTimeField()

    class Meta:
        verbose_name_plural = "order history"
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="order_history_number_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
