# ruff: noqa: N815 (the fields are the contract's)
"""Which bodies do the writing verbs take and give? Shape only: what needs the instrument is checked by the core."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta
from rest_framework import serializers

from bridge.wire.messages import ClientOrderId, Exchange, Symbol
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.api.serializers import OrderSerializer, words
from orders.gate_requests import ConfirmationToken
from orders.instants import micros
from orders.lifecycle import OrderStatus
from orders.requests import Caller, PlaceOrder, PreviewOrder, ReplaceOrder
from tradingmw.typed_body import PositiveDecimal, RestBody

#: RFC 3339, with its offset: a time without one would be a guess.
Instant = Annotated[datetime, Meta(tz=True)]


class PlaceOrderBody(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`price` for limit and stop_limit, `stopPrice` for stop and stop_limit, `expiresAt` for gtd orders only.

    A field that is not listed is refused: a misspelt `stopPrice` must not be dropped in silence. `confirmationToken`
    is the one that came with the warning CONFIRMATION_REQUIRED; it is not part of the order.
    """

    client_order_id: ClientOrderId
    symbol: Symbol
    exchange: Exchange | None = None
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce = TimeInForce.DAY
    quantity: PositiveDecimal
    price: PositiveDecimal | None = None
    stop_price: PositiveDecimal | None = None
    expires_at: Instant | None = None
    confirmation_token: ConfirmationToken = ""

    def order(self, caller: Caller) -> PlaceOrder:
        """The request to the order bridge; ids and deadlines are set when it is sent."""
        return PlaceOrder(
            request_id=1,
            deadline_us=0,
            caller=caller,
            client_order_id=self.client_order_id,
            symbol=self.symbol,
            exchange=self.exchange,
            side=self.side,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
            quantity_e8=int(self.quantity),
            price_e8=plain(self.price),
            stop_price_e8=plain(self.stop_price),
            expires_at_us=None if self.expires_at is None else micros(self.expires_at),
            confirmation_token=self.confirmation_token,
        )


class PreviewOrderBody(PlaceOrderBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of an order; its `clientOrderId` may be absent, and is not used up."""

    client_order_id: ClientOrderId = "preview"

    def preview(self, caller: Caller) -> PreviewOrder:
        return PreviewOrder(request_id=1, deadline_us=0, order=self.order(caller))


class ReplaceOrderBody(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """At least one of them. `quantity` is the new total, what is filled included; what is absent stays as it is."""

    quantity: PositiveDecimal | None = None
    price: PositiveDecimal | None = None
    stop_price: PositiveDecimal | None = None
    confirmation_token: ConfirmationToken = ""

    def change(self, caller: Caller, order_id: UUID) -> ReplaceOrder:
        """The request to the order bridge; ids and deadlines are set when it is sent."""
        return ReplaceOrder(
            request_id=1,
            deadline_us=0,
            caller=caller,
            order_id=order_id,
            quantity_e8=plain(self.quantity),
            price_e8=plain(self.price),
            stop_price_e8=plain(self.stop_price),
            confirmation_token=self.confirmation_token,
        )


def plain(value: PositiveDecimal | None) -> int | None:
    """msgspec encodes no subclass."""
    return None if value is None else int(value)


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
