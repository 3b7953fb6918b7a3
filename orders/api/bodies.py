# ruff: noqa: N815 (the fields are the contract's)
"""Which bodies do the writing verbs take and give? Shape only: what needs the instrument is checked by the core."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.api.serializers import OrderSerializer, words
from orders.instants import micros
from orders.lifecycle import OrderStatus
from orders.requests import Caller, PlaceOrder
from tradingmw.errors import InvalidRequest
from tradingmw.scaled import to_e8
from tradingmw.strict import StrictSerializer

NUMBER_CHARACTERS_MAX = 40


@extend_schema_field(OpenApiTypes.DECIMAL)
class PositiveE8(serializers.Field[int, Any, str, Any]):
    """A decimal string above zero, as an integer of 10⁻⁸. No binary fraction is taken: it would not be exact."""

    default_error_messages = {
        "invalid": "Give a decimal number as a string.",
        "not_positive": "Must be greater than zero.",
    }

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or len(data) > NUMBER_CHARACTERS_MAX or not is_plain(data):
            self.fail("invalid")
        try:
            scaled = to_e8(data)
        except InvalidRequest as error:
            raise serializers.ValidationError(error.detail, code=error.code.value) from error
        if scaled <= 0:
            self.fail("not_positive")
        return scaled


def is_plain(text: str) -> bool:
    """Digits with at most one point and a sign: no exponent, no space, no underscore, no other script's digits."""
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


class PlaceOrderBody(StrictSerializer):
    """`price` for limit and stop_limit, `stopPrice` for stop and stop_limit, `expiresAt` for gtd orders only."""

    clientOrderId = serializers.RegexField(r"^[A-Za-z0-9_.:\-]{1,48}\Z", trim_whitespace=False)
    symbol = serializers.RegexField(r"^[A-Z0-9][A-Z0-9.\-/]{0,23}\Z", trim_whitespace=False)
    exchange = serializers.RegexField(
        r"^[A-Z0-9]{2,8}\Z", trim_whitespace=False, required=False, allow_null=True, default=None
    )
    side = words(Side)
    orderType = words(OrderType)
    timeInForce = serializers.ChoiceField([force.value for force in TimeInForce], default=TimeInForce.DAY.value)
    quantity = PositiveE8()
    price = PositiveE8(required=False, allow_null=True, default=None)
    stopPrice = PositiveE8(required=False, allow_null=True, default=None)
    expiresAt = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def order(self, caller: Caller) -> PlaceOrder:
        """The request of a body that is valid; ids and deadlines are set when it is sent."""
        body = self.validated_data
        return PlaceOrder(
            request_id=1,
            deadline_us=0,
            caller=caller,
            client_order_id=body["clientOrderId"],
            symbol=body["symbol"],
            exchange=body["exchange"],
            side=Side(body["side"]),
            order_type=OrderType(body["orderType"]),
            time_in_force=TimeInForce(body["timeInForce"]),
            quantity_e8=body["quantity"],
            price_e8=body["price"],
            stop_price_e8=body["stopPrice"],
            expires_at_us=None if body["expiresAt"] is None else micros(body["expiresAt"]),
        )


class WrittenOrderSerializer(OrderSerializer):
    """The order after the write, and how far the caller's private stream has come with it."""

    lastEventId = serializers.IntegerField()


class CanceledItemSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = words(OrderStatus)
    code = serializers.CharField(required=False)


class CanceledItemsSerializer(serializers.Serializer[Any]):
    items = CanceledItemSerializer(many=True)
    lastEventId = serializers.IntegerField()
