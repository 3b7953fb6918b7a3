"""Why would an engine not take this order, or this change of one?"""

from __future__ import annotations

from bridge.simulator.listings import Listing
from bridge.simulator.orders import STOPS, UserOrder
from bridge.wire.messages import NewOrder, ReplaceOrder
from bridge.wire.vocabulary import OrderType, RejectCode

MAX_QUANTITY_E8 = 10**17  #: a billion units an order: sums over a book stay far from 64 bits


class Refusal(Exception):
    """The command is refused; the text is the reason that its sender reads."""

    def __init__(self, code: RejectCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def check_new(order: NewOrder, listing: Listing, now_us: int) -> None:
    """`Refusal` where the instrument's steps, its limits or the order's own date forbid it."""
    _check_price(order.price_e8, listing)
    _check_price(order.stop_price_e8, listing)
    _check_quantity(order.quantity_e8, listing)
    if order.expires_at_us is not None and order.expires_at_us <= now_us:
        raise Refusal(RejectCode.INVALID_ORDER, "The order's expiry lies in the past.")


def check_replace(order: UserOrder, change: ReplaceOrder, listing: Listing) -> None:
    """`Refusal` where the order cannot become what is asked for."""
    _check_price(change.price_e8, listing)
    _check_price(change.stop_price_e8, listing)
    if change.price_e8 is not None and order.order_type not in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        raise Refusal(RejectCode.INVALID_ORDER, "The order has no limit price.")
    if change.stop_price_e8 is not None and (order.order_type not in STOPS or order.triggered):
        raise Refusal(RejectCode.INVALID_ORDER, "The order has no stop price any more, or never had one.")
    if change.quantity_e8 is not None:
        _check_quantity(change.quantity_e8, listing)
        if change.quantity_e8 <= order.cum_e8:
            raise Refusal(RejectCode.INVALID_ORDER, "As much or more has been filled already.")


def _check_price(price_e8: int | None, listing: Listing) -> None:
    if price_e8 is not None and price_e8 % listing.tick_e8:
        raise Refusal(RejectCode.OFF_TICK, "The price is not a multiple of the tick.")


def _check_quantity(quantity_e8: int, listing: Listing) -> None:
    if quantity_e8 % listing.lot_e8:
        raise Refusal(RejectCode.OFF_LOT, "The quantity is not a multiple of the lot.")
    if quantity_e8 > MAX_QUANTITY_E8:
        raise Refusal(RejectCode.INVALID_ORDER, "The quantity is beyond any market.")
