"""What follows for a group from what its orders have done? Looked at in the batch in which they did it.

Nothing is remembered but the orders themselves: what is to be done is worked out from how they stand, at every change
of one of them and whenever the link becomes live. So a restart, a lost link or a lost answer only delays it.

An order that waits for another is let go when that one has ended with fills, for what was filled; not earlier: exits of
half an entry could trade, and what the entry then fills would stand without any. Where it has ended without, the order
that waits ends too.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orders.core.book import Phase
from orders.core.draft import Draft
from orders.core.groups import closing
from orders.core.groups.legs import DEPENDENTS, SHARING, TRIGGERS
from orders.core.groups.placing import members
from orders.core.groups.releasing import Going, release
from orders.core.groups.sharing import share
from orders.core.holding import end_held
from orders.core.state import Held, OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from tradingmw.errors import Code

NOT_FOLLOWED = "An order that was to follow a trade did not come about"
UNCOVERED = "An order has traded after those that were to follow it had ended"
NEVER_TRADED = frozenset({OrderStatus.REJECTED, OrderStatus.DENIED})


def tend(draft: Draft) -> None:
    """Every group of which an order has changed in this batch; all of them once the link has become live."""
    groups = changed_groups(draft) if draft.orders.changes else []
    if draft.link.phase is Phase.LIVE and draft.book.link.phase is not Phase.LIVE:
        groups = list(dict.fromkeys([*groups, *draft.book.groups.members]))
    for group in groups:
        tend_group(draft, group)
    closing.tend_closes(draft)


def changed_groups(draft: Draft) -> list[UUID]:
    changed = [order.group for order in draft.orders.changes.values() if order is not None and order.group is not None]
    return list(dict.fromkeys(changed))


def tend_group(draft: Draft, group: UUID) -> None:
    legs = members(draft, group)
    trigger = next((leg for leg in legs if leg.leg in TRIGGERS), None)
    if trigger is not None:
        dependents = [leg for leg in legs if leg.leg in DEPENDENTS]
        if trigger.final:
            settle_held(draft, trigger, [leg for leg in dependents if leg.held is Held.PARENT])
        tell_what_is_uncovered(draft, trigger, dependents)
    sharing = [leg.id for leg in legs if leg.leg in SHARING]
    if sharing:
        share(draft, trigger, [order for each in sharing if (order := draft.orders.get(each)) is not None])


# --- orders that wait ----------------------------------------------------------------------------------------------
def settle_held(draft: Draft, trigger: OrderState, legs: Sequence[OrderState]) -> None:
    """What they have waited for is over. While the link is not live they go on waiting: they are tended when it is."""
    told = {"groupId": str(trigger.group), "parent": str(trigger.id)}
    may_go = draft.link.phase is Phase.LIVE and not draft.book.tripped
    going = [Going(leg, followed_by(draft, trigger, leg), told) for leg in legs]
    for each in going:
        if not each.quantity_e8:
            end_held(draft, each.order, OrderEvent.CANCELED, Code.GROUP_ENDED.value, told)
    if may_go:
        release(draft, [each for each in going if each.quantity_e8])


def followed_by(draft: Draft, trigger: OrderState, leg: OrderState) -> int:
    """How much of `leg` follows what the trigger has filled, in whole lots."""
    quantity_e8 = min(leg.quantity_e8, trigger.filled_e8)
    instrument = draft.instruments.get(leg.symbol)
    return quantity_e8 // instrument.lot_e8 * instrument.lot_e8 if instrument else quantity_e8


# --- what people must know -----------------------------------------------------------------------------------------
def tell_what_is_uncovered(draft: Draft, trigger: OrderState, dependents: list[OrderState]) -> None:
    """The first order has traded, and what was to follow did not come about, or had ended before."""
    before = draft.book.orders.get(trigger.id)
    traded_late = before is not None and before.final and trigger.filled_e8 > before.filled_e8
    now = [order for leg in dependents if (order := draft.orders.get(leg.id)) is not None]
    failed = [leg for leg in now if leg.status in NEVER_TRADED and has_ended_now(draft, leg)]
    facts = {"group": str(trigger.group), "parent": str(trigger.id)}
    if failed and trigger.filled_e8:
        draft.alarm(NOT_FOLLOWED, **facts, orders=[str(leg.id) for leg in failed])
    if traded_late and all(leg.final for leg in now):
        draft.alarm(UNCOVERED, **facts)


def has_ended_now(draft: Draft, order: OrderState) -> bool:
    before = draft.book.orders.get(order.id)
    return order.final and before is not None and not before.final
