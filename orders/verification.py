"""Is every order what its history says? The history is the truth; the row, and the sums in it, only repeat it.

Read in one pass, some orders at a time, so that a database of any size can be checked while it is written: orders that
change meanwhile are looked at again before anything is said of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from orders.core.state import ExecutionStatus
from orders.lifecycle import IllegalEvent, OrderEvent, OrderStatus, next_status
from orders.models import Execution, Order, OrderHistory
from tradingmw.scaled import text_e8, to_e8

ORDERS_AT_ONCE = 400
LOOKS = 4


class Difference(NamedTuple):
    """One order that is not what its history says; `faults` are sentences."""

    order_id: UUID
    client_order_id: str
    faults: list[str]


class Step(NamedTuple):
    """One line of an order's history."""

    number: int
    kind: str
    status: str


class Traded(NamedTuple):
    """What an order's executions add up to: 10⁻⁸ and 10⁻¹⁶."""

    quantity_e8: int
    notional_e16: int


NOTHING = Traded(0, 0)
FILLS = frozenset({OrderEvent.PARTIALLY_FILLED.value, OrderEvent.FILLED.value})
AMENDMENTS = frozenset({OrderEvent.TRADE_BUSTED.value, OrderEvent.TRADE_CORRECTED.value})
CHANGES = AMENDMENTS | {OrderEvent.REPLACED.value, OrderEvent.RELEASED.value}
TERMS = ("quantity", "price", "stopPrice")
Changes = dict[int, dict[str, Any]]  #: what an order's history tells of those events, by number


def orders_verify(orders: QuerySet[Order] | None = None) -> Iterator[tuple[int, list[Difference]]]:
    """Yields how many orders were looked at and which of them differ, some at a time."""
    for some in slices(Order.objects.all() if orders is None else orders):
        yield len(some), confirmed(differences(some))


def confirmed(suspects: list[Difference]) -> list[Difference]:
    """Those that differ at every look: an order that was written between two queries only seemed to."""
    for _ in range(LOOKS):
        if suspects:
            suspects = differences(list(Order.objects.filter(id__in=[each.order_id for each in suspects])))
    return suspects


def slices(orders: QuerySet[Order]) -> Iterator[list[Order]]:
    """By key, each slice its own query: no read lock is held over the whole table."""
    ordered = orders.order_by("id")
    some = list(ordered[:ORDERS_AT_ONCE])
    while some:
        yield some
        some = list(ordered.filter(id__gt=some[-1].id)[:ORDERS_AT_ONCE])


def differences(orders: Sequence[Order]) -> list[Difference]:
    ids = [order.id for order in orders]
    steps, traded, changes = steps_of(ids), traded_of(ids), changes_of(ids)
    found = [
        Difference(order.id, order.client_order_id, faults(order, steps[order.id], traded[order.id], changes[order.id]))
        for order in orders
    ]
    return [each for each in found if each.faults]


def steps_of(order_ids: Sequence[UUID]) -> defaultdict[UUID, list[Step]]:
    steps: defaultdict[UUID, list[Step]] = defaultdict(list)
    rows = OrderHistory.objects.filter(order_id__in=order_ids).order_by("number")
    for order_id, number, kind, status in rows.values_list("order_id", "number", "kind", "status"):
        steps[order_id].append(Step(number, kind, status))
    return steps


def changes_of(order_ids: Sequence[UUID]) -> defaultdict[UUID, Changes]:
    """What was made of each order: new terms, busts and corrections, oldest first."""
    changes: defaultdict[UUID, Changes] = defaultdict(dict)
    rows = OrderHistory.objects.filter(order_id__in=order_ids, kind__in=sorted(CHANGES)).order_by("number")
    for order_id, number, kind, details in rows.values_list("order_id", "number", "kind", "status_details"):
        whole = kind == OrderEvent.REPLACED.value  # what it does not name, the order has not
        changes[order_id][number] = {**dict.fromkeys(TERMS), **details} if whole else details
    return changes


def traded_of(order_ids: Sequence[UUID]) -> defaultdict[UUID, Traded]:
    """Of the live ones; summed here and not by the database: sums of decimals are floats in some."""
    traded: defaultdict[UUID, Traded] = defaultdict(lambda: NOTHING)
    live = Execution.objects.filter(order_id__in=order_ids, status=ExecutionStatus.LIVE.value)
    for order_id, quantity, price in live.values_list("order_id", "quantity", "price"):
        before, quantity_e8 = traded[order_id], to_e8(quantity)
        traded[order_id] = Traded(before.quantity_e8 + quantity_e8, before.notional_e16 + quantity_e8 * to_e8(price))
    return traded


def faults(order: Order, steps: Sequence[Step], traded: Traded, changes: Changes) -> list[str]:
    """What is wrong with one order, in sentences; nothing where row = fold(history)."""
    found = list(story_faults(steps, changes))
    last = steps[-1].status if steps else None
    if order.status != last:
        found.append(f"the row says {order.status}, its history ends with {last or 'nothing'}")
    if bool(order.held) != is_held(steps):
        found.append(f"the row says held={order.held or 'no'}, its history says otherwise")
    if order.version != len(steps):
        found.append(f"the row counts {order.version} events, its history has {len(steps)}")
    if to_e8(order.filled_quantity) != traded.quantity_e8:
        found.append("the filled quantity is not the sum of its executions")
    if order.filled_notional_e16 != traded.notional_e16:
        found.append("the filled amount is not the sum of its executions")
    return found + list(terms_faults(order, changes))


def is_held(steps: Sequence[Step]) -> bool:
    """Whether nothing has let it go, or ended it, since it was held."""
    kinds = [step.kind for step in steps if step.kind != OrderEvent.REPLACED.value]  # it may be changed meanwhile
    return bool(kinds) and kinds[-1] == OrderEvent.HELD.value


def terms_faults(order: Order, changes: Changes) -> Iterator[str]:
    terms = {name: told[name] for told in changes.values() for name in TERMS if name in told}
    for name, value in zip(TERMS, (order.quantity, order.price, order.stop_price), strict=True):
        row = None if value is None else text_e8(to_e8(value))
        if row != terms.get(name, row):
            yield f"the row's {name} is {row}, its last change made it {terms[name]}"


def story_faults(steps: Iterable[Step], changes: Changes) -> Iterator[str]:
    """Gaps in the numbers, events that the table does not allow, statuses that do not follow."""
    status: OrderStatus | None = None
    traded = False
    for expected, step in enumerate(steps, start=1):
        if step.number != expected:
            yield f"event {expected} is missing before {step.number}"
            return
        if step.kind in AMENDMENTS:
            traded = changes[step.number].get("filledQuantity") != "0"
        try:
            status = next_status(status, OrderEvent(step.kind), traded=traded)
        except (IllegalEvent, ValueError) as error:
            yield f"event {step.number}: {error}"
            return
        if status != step.status:
            yield f"event {step.number} leads to {status}, its line says {step.status}"
            return
        traded |= step.kind in FILLS
