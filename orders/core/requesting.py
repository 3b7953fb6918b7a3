"""What is decided when a caller places or cancels?"""

from __future__ import annotations

from bridge.wire.vocabulary import OrderType, TimeInForce
from orders.core.admitting import admitted
from orders.core.auditing import audit_of, signature
from orders.core.book import Phase, awaits_evidence
from orders.core.causes import REASONS, Cause
from orders.core.checks import check_order, checked_instrument, fingerprint
from orders.core.commands import see_to_cancel
from orders.core.draft import Draft
from orders.core.holding import end_held
from orders.core.inputs import Cancel, CancelAll, Place, Replace
from orders.core.outcomes import CancelAllReply, OrderReply
from orders.core.state import OrderState
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import CancelAllOrders, CanceledItem, CancelOrder, ClosePositions
from tradingmw.errors import Code, Conflict, Forbidden, InvalidRequest, NotFound, Unavailable

RETRY_AFTER_SECONDS = 2
IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def place(draft: Draft, asked: Place) -> None:
    """A new order, the same order again, or a refusal that leaves nothing behind."""
    caller, request = asked.request.caller, asked.request
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    elif known_id := draft.client_ids.get((caller.account, request.client_order_id)):
        repeat(draft, asked, known(draft, known_id))
    elif draft.link.phase is not Phase.LIVE:
        draft.refuse(asked.ticket, engine_away())
    elif draft.book.tripped:
        draft.refuse(asked.ticket, stopped(draft.book.tripped))
    else:
        accept(draft, asked)


def known(draft: Draft, order_id: object) -> OrderState:
    order = draft.orders.get(order_id)  # type: ignore[arg-type]
    if order is None:
        raise LookupError(f"Order {order_id} is known by its client id only.")
    return order


def repeat(draft: Draft, asked: Place, order: OrderState) -> None:
    """The same body: the order as it is now. Another body: a conflict."""
    if fingerprint(asked.request, asked.request.exchange or order.exchange) != order.fingerprint:
        draft.refuse(
            asked.ticket,
            Conflict(
                "This clientOrderId belongs to an order with another body.",
                code=Code.CLIENT_ORDER_ID_REUSED,
            ),
        )
        return
    draft.counts["repeated_requests"] += 1
    answer(draft, asked, order, created=False)


def accept(draft: Draft, asked: Place) -> None:
    request = asked.request
    try:
        instrument = checked_instrument(request, draft.instruments)
        check_order(request, instrument, draft.now_us)
    except InvalidRequest as error:
        draft.refuse(asked.ticket, error)
        return
    order = admitted(draft, asked, new_order(draft, asked, instrument.exchange), instrument)
    if order is not None:
        answer(draft, asked, order, created=True)


def new_order(draft: Draft, asked: Place, exchange: str) -> OrderState:
    request, caller = asked.request, asked.request.caller
    return OrderState(
        id=asked.order_id,
        user=caller.user,
        account=caller.account,
        account_name=caller.account_name,
        desk=caller.desk,
        desk_name=caller.desk_name,
        client_order_id=request.client_order_id,
        fingerprint=fingerprint(request, exchange),
        symbol=request.symbol,
        exchange=exchange,
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        quantity_e8=request.quantity_e8,
        price_e8=request.price_e8,
        stop_price_e8=request.stop_price_e8,
        expires_at_us=request.expires_at_us,
        trace=request.trace,
        session=caller.session,
        created_at_us=draft.now_us,
        updated_at_us=draft.now_us,
    )


def cancel(draft: Draft, asked: Cancel) -> None:
    """Kept while the engine cannot be reached; sent as soon as the engine is known to hold the order."""
    order = open_order(draft, asked)
    if order is not None:
        order = want_cancel(draft, asked.request, order)
        draft.replies.append(OrderReply(asked.ticket, order, False, asked.request.caller.user, 0))


def open_order(draft: Draft, asked: Cancel | Replace) -> OrderState | None:
    """The caller's order; None where the request was refused: it came late, or the order is not his, or has ended."""
    request = asked.request
    order = draft.orders.get(request.order_id)
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    elif order is None or order.account != request.caller.account:
        draft.refuse(asked.ticket, NotFound("There is no such order."))
    elif order.final:
        draft.refuse(asked.ticket, Conflict(f"The order is {order.status}.", code=Code.ORDER_FINAL))
    else:
        return order
    return None


def cancel_all(draft: Draft, asked: CancelAll) -> None:
    """Every open order of the account, or of the desk, that is asked for, oldest first."""
    request = asked.request
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    elif request.desk is not None and not (request.caller.heads_desk and request.desk == request.caller.desk):
        draft.refuse(asked.ticket, Forbidden("Only the head of a desk may cancel all its orders."))
    else:
        canceled = [want_cancel(draft, request, order) for order in meant(draft, request)]
        items = [CanceledItem(id=order.id, status=order.status) for order in canceled]
        draft.replies.append(CancelAllReply(asked.ticket, items, request.caller.user))


def meant(draft: Draft, request: CancelAllOrders) -> list[OrderState]:
    account, symbols = request.caller.account, frozenset(request.symbols)
    found = [
        order
        for order in draft.orders.values()
        if (order.account == account if request.desk is None else order.desk == request.desk)
        and not order.final
        and (not symbols or order.symbol in symbols)
    ]
    return sorted(found, key=lambda order: order.created_at_us)


def want_cancel(
    draft: Draft, request: CancelOrder | CancelAllOrders | ClosePositions, order: OrderState, cause: Cause = Cause.ASKED
) -> OrderState:
    if order.cancel_wanted:
        return order
    without_evidence = order.status is OrderStatus.UNKNOWN
    by = {"requestedBy": str(request.caller.user)} if request.caller.user != order.user else {}
    by |= signature(request.caller) | ({"cause": cause.value} if cause else {})
    reason = REASONS[cause]
    if order.held:
        ended = end_held(draft, order, OrderEvent.CANCELED, reason, by)
        draft.audits.append(audit_of(request, "order.cancel", ended, order, cause=cause))
        return ended
    if cause is Cause.ASKED:
        draft.gate.tempo.cancel_asked(order)
    before, event, trace = order, OrderEvent.CANCEL_REQUESTED, request.trace
    order = draft.happen(order, event, reason=reason, cancel_wanted=True, trace=trace, details=by)
    draft.audits.append(audit_of(request, "order.cancel", order, before, cause=cause))
    see_to_cancel(draft, order, without_evidence=without_evidence)
    return order


def answer(draft: Draft, asked: Place, order: OrderState, *, created: bool) -> None:
    wait_until_us = 0 if engine_has_answered(order) else asked.request.wait_until_us
    draft.replies.append(OrderReply(asked.ticket, order, created, asked.request.caller.user, wait_until_us))


def engine_has_answered(order: OrderState) -> bool:
    """What `Prefer: wait` waits for: the outcome of an order that cannot rest, the first word on one that can."""
    rests = order.order_type is not OrderType.MARKET and order.time_in_force not in IMMEDIATE
    return order.final or (rests and not awaits_evidence(order))


def late() -> Unavailable:
    return Unavailable(
        "The request came after its deadline; nothing was done.",
        code=Code.ORDER_BRIDGE_UNAVAILABLE,
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def stopped(why: str) -> Unavailable:
    return Unavailable(
        f"Nothing new is sent to the engine until a person has looked; nothing was written. {why}.",
        code=Code.ORDERS_STOPPED,
    )


def engine_away() -> Unavailable:
    return Unavailable(
        "The engine cannot be reached; nothing was written.",
        code=Code.ENGINE_UNAVAILABLE,
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
