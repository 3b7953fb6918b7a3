"""Which bodies place groups and baskets, and close positions? Their orders are those of `POST /orders`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.wire.messages import ClientOrderId, Symbol
from orders.api.bodies import PlaceOrderBody
from orders.core.groups.legs import GroupKind
from orders.gate_requests import ConfirmationToken
from orders.requests import (
    BASKET_MAX,
    LEGS_MAX,
    SYMBOLS_MAX,
    Caller,
    ClosePositions,
    PlaceBasket,
    PlaceOrderGroup,
)
from tradingmw.errors import Code, InvalidRequest
from tradingmw.typed_body import RestBody, fault


class PlaceGroupBody(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Orders that depend on each other.

    `oco`: 2 to 10 orders of one symbol and one quantity; what one of them trades, the others do not. `oto`: the others
    are sent when the first has ended with fills. `bracket`: an entry, a limit and a stop of the other side. A
    `confirmationToken` is that of the warning that the whole group was answered with.
    """

    type: GroupKind
    orders: Annotated[list[PlaceOrderBody], Meta(max_length=LEGS_MAX)]
    confirmation_token: ConfirmationToken = ""

    def group(self, caller: Caller) -> PlaceOrderGroup:
        """The request to the order bridge. InvalidRequest where an order has a token of its own."""
        alone = [place for place, order in enumerate(self.orders) if order.confirmation_token]
        if alone:
            detail = "The group is confirmed as a whole."
            faults = [fault(f"orders[{place}].confirmationToken", Code.VALIDATION_FAILED, detail) for place in alone]
            raise InvalidRequest(detail, errors=faults)
        return PlaceOrderGroup(
            request_id=1,
            deadline_us=0,
            caller=caller,
            kind=self.type,
            orders=[order.order(caller) for order in self.orders],
            confirmation_token=self.confirmation_token,
        )


class PlaceBasketBody(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Orders that have nothing to do with each other; each is decided by itself."""

    orders: Annotated[list[PlaceOrderBody], Meta(min_length=1, max_length=BASKET_MAX)]

    def basket(self, caller: Caller) -> PlaceBasket:
        orders = [order.order(caller) for order in self.orders]
        return PlaceBasket(request_id=1, deadline_us=0, caller=caller, orders=orders)


class ClosePositionsBody(RestBody, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All positions of your account, or those in `symbols`. The same `requestId` again closes nothing a second time."""

    request_id: ClientOrderId
    symbol: Symbol | None = None
    symbols: Annotated[list[Symbol], Meta(min_length=1, max_length=SYMBOLS_MAX)] | None = None

    def close(self, caller: Caller) -> ClosePositions:
        """InvalidRequest where both `symbol` and `symbols` are given."""
        if self.symbol is not None and self.symbols is not None:
            raise InvalidRequest("Give symbol or symbols.")
        named = [self.symbol] if self.symbol is not None else self.symbols or []
        return ClosePositions(request_id=1, deadline_us=0, caller=caller, close_id=self.request_id, symbols=named)
