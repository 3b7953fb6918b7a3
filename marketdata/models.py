"""Which instruments are traded here? The engine's table, kept so that orders and screens can name them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from tradingmw.fields import E8Field


class Instrument(models.Model):
    """A row of the engine's instrument table. `engine_instrument_id` is valid within `engine_epoch` only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    symbol = models.CharField(max_length=24, unique=True)
    exchange = models.CharField(max_length=8)
    description = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=8, default="USD")
    asset_class = models.CharField(max_length=16, default="equity")  #: what rights speak of; not the engine's
    tick = E8Field()
    lot = E8Field()
    previous_close = E8Field(null=True)
    engine_instrument_id = models.BigIntegerField()
    engine_epoch = models.BigIntegerField()
    active = models.BooleanField(default=True)  #: in the engine's newest table
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol
