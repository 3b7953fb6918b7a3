"""What narrows the rights of one user, beside his roles?"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import models

from accounts.models.people import User
from accounts.policy import Attributes
from tradingmw.budgets import Tier
from tradingmw.fields import E4Field, E8Field
from tradingmw.scaled import scale

ORDER_TYPES = frozenset({"market", "limit", "stop", "stop_limit"})


def zone_checked(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValidationError("No time zone has this name.", code="invalid") from error


def order_types_checked(words: str) -> None:
    if unknown := set(words.split()) - ORDER_TYPES:
        raise ValidationError(f"No order types: {', '.join(sorted(unknown))}.", code="invalid")


class WordsField(models.CharField):  # type: ignore[type-arg]  # a list in a column that every database has
    """Words with a space between them; empty means all."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 200, "blank": True, "default": "", **kwargs})


class Entitlement(models.Model):
    """The attributes of a user; without a row nothing narrows his roles. Read with the user, so in force at once."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="entitlement")
    exchanges = WordsField(help_text="Where orders may go: XNAS XNYS. Empty: anywhere.")
    asset_classes = WordsField(help_text="Of what orders may be: equity. Empty: of anything.")
    order_types = WordsField(help_text="market limit stop stop_limit. Empty: all.", validators=[order_types_checked])
    quantity_max = E8Field(null=True, blank=True, help_text="The largest quantity of an order.")
    value_max = E4Field(
        null=True, blank=True, help_text="The largest quantity × price; orders without a limit price are refused then."
    )
    opens = models.TimeField(null=True, blank=True, help_text="Orders only from here …")
    closes = models.TimeField(null=True, blank=True, help_text="… to here; before `opens`: over midnight.")
    time_zone = models.CharField(max_length=40, default="UTC", validators=[zone_checked])
    data_exchanges = WordsField(help_text="Market data of these exchanges. Empty: of all.")
    data_asset_classes = WordsField(help_text="Market data of these asset classes. Empty: of all.")
    signed_above = E4Field(
        null=True,
        blank=True,
        help_text="Orders of a greater quantity × price, those without a limit price, and changes of API keys and of "
        "limits must be signed by one of the user's keys. 0: all; empty: none.",
    )
    needs_approval = models.BooleanField(
        default=False, help_text="Every order is kept until the head of the desk or compliance has approved it."
    )
    tier = models.CharField(
        max_length=10,
        default=Tier.STANDARD.value,
        choices=[(tier.value, tier.value) for tier in Tier],
        help_text="How much may be asked for at a time, and who is refused first when there is not enough for all.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"entitlement of {self.user_id}"

    def clean(self) -> None:
        super().clean()
        if (self.opens is None) != (self.closes is None):
            raise ValidationError("Give both ends of the hours, or none.")

    @cached_property
    def attributes(self) -> Attributes:
        """As the policy reads them."""
        return Attributes(
            exchanges=frozenset(self.exchanges.split()),
            asset_classes=frozenset(self.asset_classes.split()),
            order_types=frozenset(self.order_types.split()),
            quantity_max_e8=None if self.quantity_max is None else scale(self.quantity_max, 8),
            value_max_e4=None if self.value_max is None else scale(self.value_max, 4),
            opens=self.opens,
            closes=self.closes,
            time_zone=self.time_zone,
            data_exchanges=frozenset(self.data_exchanges.split()),
            data_asset_classes=frozenset(self.data_asset_classes.split()),
            signed_above_e4=None if self.signed_above is None else scale(self.signed_above, 4),
            needs_approval=self.needs_approval,
        )
