# ruff: noqa: N815 (the fields are the contract's)
"""Which fields do the read endpoints answer with? The shapes of `orders.shapes`, written down for the document.

A test holds the two together. Decimals are strings, times RFC 3339 UTC with microseconds.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.groups.legs import Leg
from orders.core.state import ExecutionStatus
from orders.core.valuing import MarkQuality
from orders.lifecycle import OrderEvent, OrderStatus

DECIMAL = r"^-?\d+(\.\d+)?$"


STATUSES = [status.value for status in OrderStatus]


def words(
    vocabulary: type[Side | OrderType | TimeInForce | OrderStatus | OrderEvent | ExecutionStatus | MarkQuality],
) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=[word.value for word in vocabulary])


class DecimalText(serializers.RegexField):
    """A decimal as a plain string, without an exponent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(DECIMAL, **kwargs)


class OrderSerializer(serializers.Serializer[Any]):
    """An order as it is now."""

    id = serializers.UUIDField()
    clientOrderId = serializers.CharField()
    account = serializers.CharField()
    symbol = serializers.CharField()
    exchange = serializers.CharField()
    side = words(Side)
    orderType = words(OrderType)
    timeInForce = words(TimeInForce)
    quantity = DecimalText()
    price = DecimalText(allow_null=True)
    stopPrice = DecimalText(allow_null=True)
    expiresAt = serializers.DateTimeField(allow_null=True)
    status = words(OrderStatus)
    reason = serializers.CharField(allow_null=True)
    filledQuantity = DecimalText()
    averagePrice = DecimalText(allow_null=True)
    externalOrderId = serializers.CharField(allow_null=True)
    groupId = serializers.UUIDField(allow_null=True)
    leg = serializers.ChoiceField(choices=[leg.value for leg in Leg], allow_null=True)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class OrderHistorySerializer(serializers.Serializer[Any]):
    """One event of an order; `number` counts them from 1. It was decided at `timestamp`; `…At` are its hops before.

    A request was received by the web process and arrived at the order bridge. A report of the engine answers a command
    that was committed and sent, tells what the engine did at `engineAt`, and arrived at the order bridge.
    """

    id = serializers.UUIDField()
    orderId = serializers.UUIDField()
    number = serializers.IntegerField()
    kind = words(OrderEvent)
    status = words(OrderStatus)
    reason = serializers.CharField(allow_null=True)
    statusDetails = serializers.DictField()
    timestamp = serializers.DateTimeField()
    receivedAt = serializers.DateTimeField(allow_null=True)
    committedAt = serializers.DateTimeField(allow_null=True)
    sentAt = serializers.DateTimeField(allow_null=True)
    engineAt = serializers.DateTimeField(allow_null=True)
    arrivedAt = serializers.DateTimeField(allow_null=True)


class ExecutionSerializer(serializers.Serializer[Any]):
    """One trade, or what a correction made of it. Only live ones count."""

    id = serializers.UUIDField()
    execId = serializers.CharField()
    orderId = serializers.UUIDField()
    clientOrderId = serializers.CharField()
    account = serializers.CharField()
    symbol = serializers.CharField()
    exchange = serializers.CharField()
    side = words(Side)
    quantity = DecimalText()
    price = DecimalText()
    executedAt = serializers.DateTimeField()
    status = words(ExecutionStatus)
    refExecId = serializers.CharField(allow_null=True)


class PositionSerializer(serializers.Serializer[Any]):
    """What the account holds of one symbol; `quantity` is negative when short, and so is `costBasis`, its exact cost.

    `markQuality`: is `currentPrice` the market's? `ok`: as of `markedAt`, and the feed lives. `stale`: it was at
    `markedAt`, and nothing has been heard since. `none`: there is no market price; it is that of the last fill.
    """

    account = serializers.CharField()
    symbol = serializers.CharField()
    exchange = serializers.CharField()
    quantity = DecimalText()
    averagePrice = DecimalText(allow_null=True)
    costBasis = DecimalText()
    currentPrice = DecimalText()
    unrealizedPnl = DecimalText()
    realizedPnl = DecimalText()
    markQuality = words(MarkQuality)
    markedAt = serializers.DateTimeField(allow_null=True)
    updatedAt = serializers.DateTimeField()


class PageSerializer(serializers.Serializer[Any]):
    nextPageToken = serializers.CharField(allow_null=True)


class OrdersPageSerializer(PageSerializer):
    items = OrderSerializer(many=True)


class OrderHistoryPageSerializer(PageSerializer):
    items = OrderHistorySerializer(many=True)


class ExecutionsPageSerializer(PageSerializer):
    items = ExecutionSerializer(many=True)


class PositionsPageSerializer(PageSerializer):
    items = PositionSerializer(many=True)
