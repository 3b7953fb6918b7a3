"""What is asked and answered at `/trading-state`?"""

from __future__ import annotations

from rest_framework import serializers

from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from tradingmw.strict import CamelSerializer, StrictSerializer

ONE_LINE = r"^[^\x00-\x1f\x7f]{1,200}\Z"
STATES = [state.value for state in TradingState]


class TradingStateBody(StrictSerializer):
    scope = serializers.ChoiceField([scope.value for scope in Scope])
    target = serializers.CharField(
        max_length=150,
        required=False,
        allow_blank=True,
        default="",
        help_text="A user name, a desk's name or a symbol; none for firm.",
    )
    state = serializers.ChoiceField(STATES)
    reason = serializers.RegexField(ONE_LINE, max_length=200, help_text="One line, for those whom it binds.")


class ReleaseAnswer(CamelSerializer):
    """A wish that waits for a second person."""

    state = serializers.ChoiceField(STATES)
    reason = serializers.CharField()
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class TradingStateItem(CamelSerializer):
    scope = serializers.ChoiceField([scope.value for scope in Scope])
    target = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(STATES)
    reason = serializers.CharField()
    set_by = serializers.CharField()
    set_at = serializers.DateTimeField(allow_null=True, help_text="Null: nothing is restricted.")
    release = ReleaseAnswer(allow_null=True)


class TradingStateWritten(TradingStateItem):
    recorded = serializers.BooleanField(help_text="False: in force, and could be written nowhere yet.")


class TradingStateShown(TradingStateItem):
    unconfirmed = serializers.IntegerField(help_text="Orders of what is halted whose end nobody has confirmed.")
    unconfirmed_orders = serializers.ListField(child=serializers.UUIDField(), help_text="The oldest of them.")


class TradingStatesAnswer(CamelSerializer):
    items = TradingStateShown(many=True)
