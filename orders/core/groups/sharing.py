"""How do orders trade one quantity between them? What one of them fills, the others give up.

A partial fill makes the others smaller, by a replace: to cancel them would leave the rest of a position without its
stop, to leave them would trade more than was asked for. When nothing is left, they are cancelled. Until that has
reached the engine they work on: what they trade meanwhile counts, and is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orders.core.book import Phase
from orders.core.causes import Cause
from orders.core.commands import see_to_cancel, send_replace
from orders.core.draft import Draft
from orders.core.outcomes import OrderChanged
from orders.core.replacing import CHANGEABLE, words
from orders.core.state import OrderState, Terms
from orders.lifecycle import IllegalEvent, OrderEvent, OrderStatus
from tradingmw.errors import Code
from tradingmw.scaled import text_e8

OVERRUN = "Orders of one group have traded more together than was asked for"
REFUSED = "An order could not be made as small or as large as its group needs it"


def share(draft: Draft, trigger: OrderState | None, legs: Sequence[OrderState]) -> None:
    """Each open one may still trade what is left, and no more."""
    left_e8 = allowed(trigger, legs) - traded(legs)
    if left_e8 < 0:
        tell_overrun(draft, trigger, legs, -left_e8)
    for leg in [order for each in legs if (order := draft.orders.get(each.id)) is not None]:
        if leg.final or leg.held or leg.cancel_wanted:
            continue
        if left_e8 <= 0:
            want_end(draft, leg)
        elif leg.quantity_e8 != leg.filled_e8 + left_e8:
            fit(draft, leg, leg.filled_e8 + left_e8)


def allowed(trigger: OrderState | None, legs: Sequence[OrderState]) -> int:
    """What they may trade in all: an entry's exits what it has traded, an OCO what was asked for."""
    return trigger.filled_e8 if trigger is not None else legs[0].shared_e8 or 0


def traded(legs: Iterable[OrderState]) -> int:
    return sum(leg.filled_e8 for leg in legs)


# --- another size --------------------------------------------------------------------------------------------------
def fit(draft: Draft, leg: OrderState, quantity_e8: int) -> None:
    """To this total, or where that is refused or cannot be asked: rather gone than too large."""
    too_large = quantity_e8 < leg.quantity_e8
    if was_refused(draft, leg):
        facts = {"order_id": str(leg.id), "quantity_e8": leg.quantity_e8, "wanted_e8": quantity_e8}
        draft.alarm(REFUSED, group=str(leg.group), **facts)
        if too_large:
            want_end(draft, leg)
    elif draft.book.tripped:
        if too_large:
            want_end(draft, leg)
    elif draft.link.phase is Phase.LIVE and leg.status in CHANGEABLE:
        resize(draft, leg, Terms(quantity_e8=quantity_e8))


def resize(draft: Draft, leg: OrderState, wanted: Terms) -> None:
    details = {"groupId": str(leg.group), **words(wanted)}
    order = draft.happen(leg, OrderEvent.REPLACE_REQUESTED, reason=Code.GROUP_RESIZED.value, details=details)
    send_replace(draft, order, wanted)


def was_refused(draft: Draft, leg: OrderState) -> bool:
    """Has the engine refused the change that its group wanted, in this batch? Until then the order's reason says so.

    One that never reached the engine is not refused, and is asked for again.
    """
    before = draft.book.orders.get(leg.id)
    for each in draft.happenings:
        if isinstance(each, OrderChanged) and each.order.id == leg.id:
            wanted = before is not None and before.reason == Code.GROUP_RESIZED
            if wanted and each.event is OrderEvent.REPLACE_REJECTED and "engineCode" in each.details:
                return True
            before = each.order
    return False


def want_end(draft: Draft, leg: OrderState) -> None:
    """Kept while the engine cannot be reached, as every cancel; sent first when it can."""
    without_evidence = leg.status is OrderStatus.UNKNOWN
    details = {"groupId": str(leg.group), "cause": Cause.GROUP.value}
    reason = Code.GROUP_ENDED.value
    order = draft.happen(leg, OrderEvent.CANCEL_REQUESTED, cancel_wanted=True, reason=reason, details=details)
    see_to_cancel(draft, order, without_evidence=without_evidence)


# --- more than was asked for -----------------------------------------------------------------------------------------
def tell_overrun(draft: Draft, trigger: OrderState | None, legs: Sequence[OrderState], over_e8: int) -> None:
    """Once for every trade, or bust of the entry, that made it more."""
    if over_e8 <= overrun_before(draft, trigger, legs):
        return
    facts = {"groupId": str(legs[0].group), "overrun": text_e8(over_e8)}
    draft.alarm(OVERRUN, **facts, orders=[str(leg.id) for leg in legs if leg.filled_e8])
    for leg in legs:
        if leg.filled_e8 > filled_before(draft, leg):
            tell_order(draft, leg, facts)


def tell_order(draft: Draft, leg: OrderState, facts: dict[str, str]) -> None:
    """In its history, and by that to its user and desk."""
    try:
        draft.happen(leg, OrderEvent.OVERRAN, reason=Code.GROUP_OVERRUN.value, details=facts)
    except IllegalEvent as error:
        draft.alarm(OVERRUN, order_id=str(leg.id), why=str(error))


def overrun_before(draft: Draft, trigger: OrderState | None, legs: Sequence[OrderState]) -> int:
    filled_e8 = sum(filled_before(draft, leg) for leg in legs)
    return max(0, filled_e8 - (allowed(trigger, legs) if trigger is None else filled_before(draft, trigger)))


def filled_before(draft: Draft, order: OrderState) -> int:
    before = draft.book.orders.get(order.id)
    return before.filled_e8 if before is not None else 0
