# ruff: noqa: N815 (the fields are the contract's)
"""Which fields do the answers of many orders have? The shapes of `orders.groups.shapes`, for the document."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from orders.api.preview import RuleSerializer
from orders.api.serializers import OrderSerializer
from orders.core.groups.legs import GroupKind


class OrderGroupSerializer(serializers.Serializer[Any]):
    """A group, and its orders as they are now."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(choices=[kind.value for kind in GroupKind])
    orders = OrderSerializer(many=True)


class WrittenOrderGroupSerializer(OrderGroupSerializer):
    """The group after the write, and how far the caller's private stream has come with it."""

    lastEventId = serializers.IntegerField()


class FaultSerializer(serializers.Serializer[Any]):
    attr = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class PlacedItemSerializer(serializers.Serializer[Any]):
    """One order of many, or one position: `status` and members are those with which it would be answered alone.

    200 without an `order`: nothing is held of the symbol. `canceled` are orders whose end was asked for, so that the
    position can be closed.
    """

    clientOrderId = serializers.CharField()
    symbol = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]  # DRF takes fields out of the class
    rules = RuleSerializer(many=True, required=False)
    confirmationToken = serializers.CharField(required=False)
    order = OrderSerializer(required=False)
    canceled = serializers.ListField(child=serializers.UUIDField(), required=False)


class PlacedItemsSerializer(serializers.Serializer[Any]):
    items = PlacedItemSerializer(many=True)
    lastEventId = serializers.IntegerField()
