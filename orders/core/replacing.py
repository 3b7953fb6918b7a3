"""What is decided when a caller changes an order, and what settles a change whose outcome is in doubt?

The order keeps its terms until the engine says that it has others: `replaced` is applied from its reports, a refusal
from its reply. Where neither comes, a status counts that was given after the command can no longer arrive: with every
report before it applied, a change that was not reported was not done. Nothing is sent a second time.
"""

from __future__ import annotations

from typing import Any

from bridge.wire.messages import CommandReply, OrderStatus
from bridge.wire.vocabulary import RejectCode
from orders.core.auditing import audit_of, signature
from orders.core.book import Phase, awaits_evidence
from orders.core.checks import check_replace, instrument_of
from orders.core.commands import (
    ASK_AGAIN_US,
    ask_later,
    can_no_longer_arrive,
    replace_is_settled,
    replace_under_way,
    send_replace,
)
from orders.core.draft import Draft
from orders.core.gate.changing import change_judged
from orders.core.inputs import Replace
from orders.core.outcomes import OrderReply
from orders.core.requesting import engine_away, open_order, stopped
from orders.core.state import CommandProgress, Held, OrderState, Terms
from orders.lifecycle import OrderEvent
from orders.lifecycle import OrderStatus as Status
from tradingmw.errors import Code, Conflict, InvalidRequest
from tradingmw.scaled import text_e8

#: nothing else is awaited in these; UNKNOWN and the pending ones are answered ORDER_PENDING
CHANGEABLE = frozenset({Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED})
#: the engine has no such open order: what we think of it is to be checked
ASTONISHING = frozenset({RejectCode.UNKNOWN_ORDER, RejectCode.ORDER_FINAL})
Counts = dict[str, Any]
NAMES = {"quantity_e8": "quantity", "price_e8": "price", "stop_price_e8": "stopPrice"}


# --- the request ---------------------------------------------------------------------------------------------------
def replace(draft: Draft, asked: Replace) -> None:
    """Refused where the engine cannot be asked now: unlike a cancel, a change is not kept for later."""
    order = open_order(draft, asked)
    if order is None:
        return
    if order.held is Held.PARENT:
        change_held(draft, asked, order)
    elif draft.link.phase is not Phase.LIVE:
        draft.refuse(asked.ticket, engine_away())
    elif draft.book.tripped:
        draft.refuse(asked.ticket, stopped(draft.book.tripped))
    elif order.status not in CHANGEABLE or order.held:
        draft.refuse(asked.ticket, Conflict(f"The order is {order.status}.", code=Code.ORDER_PENDING))
    else:
        want_replace(draft, asked, order)


def checked_terms(draft: Draft, asked: Replace, order: OrderState) -> tuple[Terms, Counts] | None:
    """What is wanted, and by which price it counts then; None where it cannot be, and was refused."""
    request = asked.request
    wanted = Terms(request.quantity_e8, request.price_e8, request.stop_price_e8)
    try:
        check_replace(wanted, order, instrument_of(order.symbol, draft.instruments))
        case = change_judged(draft, asked, order, wanted)
    except InvalidRequest as error:
        draft.refuse(asked.ticket, error)
        return None
    return wanted, {"reference_e8": case.reference_e8}


def change_held(draft: Draft, asked: Replace, order: OrderState) -> None:
    """It has other terms at once: the engine does not have it yet. What it waits for, it still waits for."""
    request, checked = asked.request, checked_terms(draft, asked, order)
    if checked is None:
        return
    wanted, counts = checked
    terms = Terms(order.quantity_e8, order.price_e8, order.stop_price_e8).with_(wanted)
    details = words(terms) | signature(request.caller)
    told: dict[str, Any] = {"reason": order.reason, "trace": request.trace, "details": details}
    before, order = order, draft.happen(order, OrderEvent.REPLACED, **told, **wanted.changes, **counts)
    draft.audits.append(audit_of(request, "order.replace", order, before, words(wanted)))
    draft.replies.append(OrderReply(asked.ticket, order, False, request.caller.user, 0))


def want_replace(draft: Draft, asked: Replace, order: OrderState) -> None:
    request, checked = asked.request, checked_terms(draft, asked, order)
    if checked is None:
        return
    wanted, counts = checked
    told: dict[str, Any] = {"trace": request.trace, "details": words(wanted) | signature(request.caller)}
    before, order = order, draft.happen(order, OrderEvent.REPLACE_REQUESTED, **told, **counts)
    send_replace(draft, order, wanted)
    draft.audits.append(audit_of(request, "order.replace", order, before, words(wanted)))
    draft.replies.append(OrderReply(asked.ticket, order, False, request.caller.user, 0))


def words(terms: Terms) -> dict[str, str]:
    """As they stand in the history: the public names, decimal strings."""
    return {NAMES[name]: text_e8(value) for name, value in terms.changes.items()}


# --- its outcome ---------------------------------------------------------------------------------------------------
def replace_rejected(
    draft: Draft,
    order: OrderState,
    details: dict[str, str],
    progress: CommandProgress = CommandProgress.ANSWERED,
) -> OrderState:
    """The order works on as it was; the change is over."""
    replace_is_settled(draft, order, progress)
    return draft.happen(order, OrderEvent.REPLACE_REJECTED, reason=Code.REPLACE_REJECTED.value, details=details)


def refused(draft: Draft, order: OrderState, reply: CommandReply) -> None:
    """An order without any evidence stays in doubt together with its change."""
    if awaits_evidence(order):
        return
    code = reply.code.value if reply.code else ""
    order = replace_rejected(draft, order, {"engineCode": code, "engineReason": reply.reason})
    if reply.code in ASTONISHING:
        ask_later(draft, order, draft.now_us + ASK_AGAIN_US)


def given_back(draft: Draft, order: OrderState) -> None:
    """The command has surely not left."""
    if not awaits_evidence(order):
        replace_rejected(draft, order, {"why": "The link did not take it."}, CommandProgress.NOT_SENT)


def settle_by_status(draft: Draft, order: OrderState, status: OrderStatus) -> OrderState:
    """The engine holds the order: has it the terms that were asked for? Too early to say, ask again."""
    command = replace_under_way(draft, order)
    if command is None:
        return order
    if not can_no_longer_arrive(command, status):
        ask_later(draft, order, command.deadline_us + ASK_AGAIN_US // 10)
        return order
    told = Terms(status.cum_quantity_e8 + status.leaves_quantity_e8, status.price_e8, status.stop_price_e8)
    if not (other := told.differing(order)).changes:
        return replace_rejected(draft, order, {"source": "status"})
    draft.alarm("The engine holds other terms than it has reported", order_id=str(order.id), **words(other))
    return replaced(draft, order, other, details={"source": "status"})


def replaced(draft: Draft, order: OrderState, other: Terms, *, details: dict[str, str], **told: Any) -> OrderState:
    """The order has the terms that the engine tells; `other` are those that changed."""
    terms = Terms(order.quantity_e8, order.price_e8, order.stop_price_e8).with_(other)
    after = draft.happen(order, OrderEvent.REPLACED, details={**words(terms), **details}, **other.changes, **told)
    replace_is_settled(draft, after)
    return after
