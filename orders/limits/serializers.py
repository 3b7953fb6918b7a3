# ruff: noqa: N815 (the fields are the contract's)
"""Which bodies do `/limits` take and give? Shape only: what a value may be depends on its rule (`checking`)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.serializers import WriteAnswer
from orders.api.queries import InstantField
from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from orders.limits.checking import Terms
from orders.limits.selectors import Shown
from orders.models.limits import NOTE_CHARACTERS_MAX, Asks, LimitState, chosen_from
from tradingmw.paging import LimitField, PlaceField
from tradingmw.strict import CamelSerializer, StrictSerializer

DECISIONS = ("approve", "refuse")


class NoteField(serializers.CharField):
    """Why; for whoever decides, and for the audit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": NOTE_CHARACTERS_MAX, "default": "", "allow_blank": True, **kwargs})


class ValueField(serializers.CharField):
    """A decimal as a string; a JSON number may have been rounded on its way."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class LimitBody(StrictSerializer):
    """`target`: a username, the name of a desk, a symbol; absent for the firm. `symbol` narrows it to one instrument.

    `value` in public units: shares, an amount of money, per cent, orders; absent for `restricted` and
    `reference_price`. Without `effectiveFrom` it holds from its approval on, without `effectiveUntil` for good.
    `replaces`: the id of the limit in whose place it is to stand meanwhile.
    """

    rule = serializers.ChoiceField(choices=chosen_from(Rule))
    scope = serializers.ChoiceField(choices=chosen_from(Scope))
    target = serializers.CharField(max_length=150, required=False, allow_null=True)
    symbol = serializers.CharField(max_length=24, required=False, allow_null=True)
    value = ValueField(max_length=40, required=False, allow_null=True, help_text="A decimal as a string.")
    breach = serializers.ChoiceField(choices=chosen_from(Breach), default=Breach.DENY.value)
    effective_from = InstantField(required=False, allow_null=True)
    effective_until = InstantField(required=False, allow_null=True)
    replaces = serializers.UUIDField(required=False, allow_null=True)
    note = NoteField()

    @staticmethod
    def terms(body: dict[str, Any]) -> Terms:
        return Terms(
            rule=Rule(body["rule"]),
            scope=Scope(body["scope"]),
            target=body.get("target"),
            symbol=body.get("symbol"),
            value=body.get("value"),
            breach=Breach(body["breach"]),
            effective_from=body.get("effective_from"),
            effective_until=body.get("effective_until"),
        )


class DecisionBody(StrictSerializer):
    decision = serializers.ChoiceField(choices=DECISIONS)
    note = NoteField()


class LimitsQuery(StrictSerializer):
    state = serializers.ChoiceField(choices=chosen_from(Shown), default=Shown.EFFECTIVE.value)
    rule = serializers.ChoiceField(choices=chosen_from(Rule), required=False)
    scope = serializers.ChoiceField(choices=chosen_from(Scope), required=False)
    limit = LimitField()
    page_token = PlaceField(required=False)


class PeriodAnswer(CamelSerializer):
    """From `start` until before `end`; null: for good."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)


class LimitAnswer(WriteAnswer):
    """A limit, or where `asks` is `end` the end of the one that it `replaces`. It holds in its `periods`."""

    id = serializers.UUIDField()
    asks = serializers.ChoiceField(choices=chosen_from(Asks))
    rule = serializers.ChoiceField(choices=chosen_from(Rule))
    scope = serializers.ChoiceField(choices=chosen_from(Scope))
    target = serializers.CharField(allow_null=True)
    symbol = serializers.CharField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    breach = serializers.ChoiceField(choices=chosen_from(Breach))
    effectiveFrom = serializers.DateTimeField(allow_null=True)
    effectiveUntil = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=chosen_from(LimitState))
    inEffect = serializers.BooleanField()
    periods = PeriodAnswer(many=True)
    replaces = serializers.UUIDField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    proposedBy = serializers.CharField()
    proposedAt = serializers.DateTimeField()
    decidedBy = serializers.CharField(allow_null=True)
    decidedAt = serializers.DateTimeField(allow_null=True)
    decisionNote = serializers.CharField(allow_blank=True)


class LimitsAnswer(CamelSerializer):
    items = LimitAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True)
