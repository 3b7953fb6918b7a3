"""Can these orders be a group at all? Every fault is told with the place of its order: `orders[1].price`.

Prices are looked at against each other only: which of them the market would reach first is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from bridge.wire.messages import Instrument
from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.checks import STOPPED, Fault, check_order, checked_instrument, fault, raise_first
from orders.core.groups.legs import GroupKind, Leg
from orders.requests import LEGS_MAX, PlaceOrder
from tradingmw.errors import Code, InvalidRequest

RESTING: Final = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})
Orders = Sequence[PlaceOrder]


def at(place: int, attr: str) -> str:
    return f"orders[{place}].{attr}"


def wrong(place: int, attr: str, detail: str) -> Fault:
    return fault(at(place, attr), Code.VALIDATION_FAILED, detail)


def check_group(
    kind: GroupKind, orders: Orders, instruments: Mapping[str, Instrument], now_us: int
) -> tuple[list[Instrument], list[Leg]]:
    """The instrument of each order and what each is in the group; `InvalidRequest` naming every fault."""
    raise_first([*count_faults(kind, orders), *repeated_ids(orders)])
    raise_first(
        [found for place, order in enumerate(orders) for found in order_faults(place, order, instruments, now_us)]
    )
    raise_first([*FAULTS[kind](orders)])
    return [checked_instrument(order, instruments) for order in orders], legs_of(kind, orders)


def legs_of(kind: GroupKind, orders: Orders) -> list[Leg]:
    """Of orders that can be such a group."""
    if kind is GroupKind.OCO:
        return [Leg.ONE_OF] * len(orders)
    if kind is GroupKind.OTO:
        return [Leg.PARENT, *[Leg.CHILD] * (len(orders) - 1)]
    return [Leg.ENTRY, *(exit_leg(order) for order in orders[1:])]


def exit_leg(order: PlaceOrder) -> Leg:
    return Leg.STOP_LOSS if order.order_type in STOPPED else Leg.TAKE_PROFIT


# --- each by itself ------------------------------------------------------------------------------------------------
def count_faults(kind: GroupKind, orders: Orders) -> Iterator[Fault]:
    least, most = (3, 3) if kind is GroupKind.BRACKET else (2, LEGS_MAX)
    if not least <= len(orders) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        yield fault("orders", Code.VALIDATION_FAILED, f"A group of type {kind.value} has {wanted} orders.")


def repeated_ids(orders: Orders) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, order in enumerate(orders):
        if order.client_order_id in seen:
            yield wrong(place, "clientOrderId", "Another order of the request has this clientOrderId.")
        seen.add(order.client_order_id)


def order_faults(place: int, order: PlaceOrder, instruments: Mapping[str, Instrument], now_us: int) -> Iterable[Fault]:
    try:
        check_order(order, checked_instrument(order, instruments), now_us)
    except InvalidRequest as error:
        return [{**each, "attr": at(place, each["attr"])} for each in error.errors]
    return ()


# --- together ------------------------------------------------------------------------------------------------------
def oco_faults(orders: Orders) -> Iterator[Fault]:
    """They share one quantity of one instrument, and each can wait for its price."""
    first = orders[0]
    for place, order in enumerate(orders):
        if order.symbol != first.symbol:
            yield wrong(place, "symbol", "The orders of an oco have the same symbol.")
        if order.quantity_e8 != first.quantity_e8:
            yield wrong(place, "quantity", "The orders of an oco have the same quantity.")
        yield from resting_faults(place, order)
    for (_, one), (place, other) in combinations(enumerate(orders), 2):
        if one.side is other.side and crossing(one, other):
            yield wrong(place, price_name(other), "It would trade together with another order of the oco.")


def resting_faults(place: int, order: PlaceOrder) -> Iterator[Fault]:
    if order.order_type is OrderType.MARKET:
        yield wrong(place, "orderType", "A market order cannot wait for the others.")
    if order.time_in_force not in RESTING:
        yield wrong(place, "timeInForce", "It is to wait for its price: day, gtc or gtd.")


def crossing(one: PlaceOrder, other: PlaceOrder) -> bool:
    """A limit and a stop of one side at prices between which there is no market: both would trade at once."""
    stop, limit = (one, other) if one.order_type in STOPPED else (other, one)
    if stop.stop_price_e8 is None or limit.order_type in STOPPED or limit.price_e8 is None:
        return False
    return not above(limit.side, stop.stop_price_e8, limit.price_e8)


def above(side: Side, low_e8: int, high_e8: int) -> bool:
    """For a seller who takes his profit at `high` and stops his loss at `low`; a buyer's are the other way round."""
    return low_e8 < high_e8 if side is Side.SELL else low_e8 > high_e8


def price_name(order: PlaceOrder) -> str:
    return "stopPrice" if order.order_type in STOPPED else "price"


def oto_faults(orders: Orders) -> Iterator[Fault]:
    for place, order in enumerate(orders[1:], start=1):
        if order.quantity_e8 > orders[0].quantity_e8:
            yield wrong(place, "quantity", "More than the first order's: it is sent for what that one has traded.")


def bracket_faults(orders: Orders) -> Iterator[Fault]:
    """Two exits of the opposite side for all of the entry: a limit and a stop, with the entry between them."""
    entry, *exits = orders
    for place, order in enumerate(exits, start=1):
        if order.symbol != entry.symbol:
            yield wrong(place, "symbol", "An exit has the entry's symbol.")
        if order.side is entry.side:
            yield wrong(place, "side", "An exit is of the other side than the entry.")
        if order.quantity_e8 != entry.quantity_e8:
            yield wrong(place, "quantity", "An exit has the entry's quantity.")
        yield from resting_faults(place, order)
        yield from entry_faults(place, entry, order)
    if exit_leg(exits[0]) is exit_leg(exits[1]):
        yield wrong(2, "orderType", "One exit is a limit order, the other a stop or stop_limit order.")
    elif exits[0].side is exits[1].side and crossing(*exits):
        yield wrong(2, price_name(exits[1]), "The exits' prices cross.")


def entry_faults(place: int, entry: PlaceOrder, order: PlaceOrder) -> Iterator[Fault]:
    """A profit is taken beyond the entry's price, and a loss stopped before it."""
    entered_e8 = entry.price_e8 or entry.stop_price_e8
    name, price_e8 = price_name(order), order.stop_price_e8 or order.price_e8
    if entered_e8 is None or price_e8 is None or order.side is entry.side:
        return
    low_e8, high_e8 = (price_e8, entered_e8) if exit_leg(order) is Leg.STOP_LOSS else (entered_e8, price_e8)
    if not above(order.side, low_e8, high_e8):
        yield wrong(place, name, "It is on the wrong side of the entry's price.")


FAULTS: Final[dict[GroupKind, Callable[[Orders], Iterator[Fault]]]] = {
    GroupKind.OCO: oco_faults,
    GroupKind.OTO: oto_faults,
    GroupKind.BRACKET: bracket_faults,
}
