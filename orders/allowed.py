"""May such an order be placed or changed by this user? What his attributes say of its terms and of the hour.

Most users have no attributes: nothing is looked up for them.
"""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from accounts.policy import UNRESTRICTED, Function, OrderTerms
from accounts.rights import Rights
from bridge.wire.vocabulary import Side
from marketdata.facts import InstrumentFacts, facts_of
from notifications.readers import in_reader
from orders.models import Order
from orders.requests import PlaceOrder, ReplaceOrder
from tradingmw.scaled import notional_e4, to_e8


async def place_allowed(rights: Rights, order: PlaceOrder) -> None:
    """Forbidden (FORBIDDEN, SIGNATURE_REQUIRED) where the rights do not cover `order`."""
    rights.need(Function.ORDERS_PLACE)
    if rights.attributes == UNRESTRICTED:
        return
    rights.need_hours(timezone.now())
    facts = await in_reader(facts_of)(order.symbol)
    value_e4 = worth_e4(facts, order.side, order.quantity_e8, order.price_e8)
    terms = OrderTerms(facts.exchange, facts.asset_class, order.order_type.value, order.quantity_e8, value_e4)
    rights.need_order(terms)


async def change_allowed(rights: Rights, change: ReplaceOrder) -> None:
    """The same of an order's new terms; one that is not the caller's is left to the order bridge, which has it not."""
    rights.need(Function.ORDERS_CHANGE)
    if rights.attributes == UNRESTRICTED:
        return
    rights.need_hours(timezone.now())
    if (terms := await in_reader(terms_after)(change)) is not None:
        rights.need_order(terms)


def terms_after(change: ReplaceOrder) -> OrderTerms | None:
    """Of the order as it would be."""
    order = order_of(change.order_id, change.caller.account)
    if order is None:
        return None
    facts = facts_of(order.symbol)
    quantity_e8 = change.quantity_e8 or to_e8(order.quantity)
    price_e8 = change.price_e8 or (None if order.price is None else to_e8(order.price))
    value_e4 = worth_e4(facts, Side(order.side), quantity_e8, price_e8)
    return OrderTerms(facts.exchange, facts.asset_class, order.order_type, quantity_e8, value_e4)


def order_of(order_id: UUID, account_id: UUID) -> Order | None:
    return Order.objects.filter(id=order_id, account_id=account_id).first()


def worth_e4(facts: InstrumentFacts, side: Side, quantity_e8: int, price_e8: int | None) -> int | None:
    """What the order may come to: a buy never more than at its limit. A seller's limit binds only from below, so that
    the last close counts where that is more. None where nothing says it."""
    if price_e8 is None:
        return None
    if side is Side.SELL:
        if facts.previous_close_e8 is None:
            return None
        price_e8 = max(price_e8, facts.previous_close_e8)
    return notional_e4(price_e8, quantity_e8)
