"""How is a position brought to flat, and never beyond? By a market order for exactly what is held when it leaves.

The account's open orders in the symbol are cancelled first: one of its side would close the same position a second
time, one of the other side would open it anew. As long as one of them may still trade the closing order is kept here,
and only then its quantity is worked out. What takes too long is not sent: nobody waits for a market order of a minute
ago.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator

from bridge.wire.vocabulary import OrderType, Side, TimeInForce
from orders.core.auditing import audit_of, signature
from orders.core.book import Phase
from orders.core.draft import Draft
from orders.core.gate.findings import rules_shape
from orders.core.groups.baskets import reply_to
from orders.core.groups.gating import judged
from orders.core.groups.releasing import Going, release
from orders.core.holding import end_held, hold
from orders.core.inputs import Close, Place
from orders.core.outcomes import OrderReply, Placed, PlacedReply, RefusalReply
from orders.core.requesting import engine_away, known, late, new_order, stopped, want_cancel
from orders.core.state import Held, OrderState, PositionState
from orders.lifecycle import OrderEvent
from orders.requests import ClosePositions, PlaceOrder
from tradingmw.errors import Code, InvalidRequest, Unavailable

ORDER_IDS = uuid.UUID("c1f0d7a4-6a55-4c8e-9f27-3d0b8e5f1a60")
HOPELESS = frozenset({Code.STALE_PRICE, Code.TRADING_HALTED, Code.RESTRICTED})
PATIENCE_US = 5_000_000  #: for the cancels
SYMBOL_CHARACTERS = 24
WORDS = str.maketrans("/", "_")  #: what a symbol may have in it and a client order id may not


def client_order_id(close_id: str, symbol: str) -> str:
    """Of the order that closes the position: the same request again names the same order."""
    told = hashlib.sha256(f"{close_id} {symbol}".encode()).hexdigest()[:16]
    return f"close-{symbol[:SYMBOL_CHARACTERS].translate(WORDS)}-{told}"


def order_id(account: uuid.UUID, client_id: str) -> uuid.UUID:
    return uuid.uuid5(ORDER_IDS, f"{account.hex} {client_id}")


def close(draft: Draft, asked: Close) -> None:
    """One reply with an item per position, by symbol; a named symbol in which nothing is held has one too."""
    request = asked.request
    if request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    else:
        items = [closed(draft, asked, symbol) for symbol in meant(draft, request)]
        draft.replies.append(PlacedReply(asked.ticket, items, request.caller.user))


def meant(draft: Draft, request: ClosePositions) -> list[str]:
    """The symbols asked for; without any, those in which something is held, or was when this was asked before."""
    if request.symbols:
        return sorted(set(request.symbols))
    account = request.caller.account
    own = [position for position in draft.positions.values() if position.account == account]
    return sorted(each.symbol for each in own if each.quantity_e8 or was_asked(draft, request, each.symbol))


def was_asked(draft: Draft, request: ClosePositions, symbol: str) -> bool:
    key = request.caller.account, client_order_id(request.close_id, symbol)
    return draft.client_ids.get(key) is not None


# --- one position --------------------------------------------------------------------------------------------------
def closed(draft: Draft, asked: Close, symbol: str) -> Placed:
    """Asked before: the order as it is. Nothing held: nothing to do."""
    request = asked.request
    account, client_id = request.caller.account, client_order_id(request.close_id, symbol)
    position = draft.positions.get((account, symbol))
    if before := draft.client_ids.get((account, client_id)):
        draft.counts["repeated_requests"] += 1
        reply = OrderReply(asked.ticket, known(draft, before), False, request.caller.user, 0)
        return Placed(client_id, symbol, reply, [])
    if position is None or not position.quantity_e8:
        return Placed(client_id, symbol, None, [])
    if why_not := cannot_send(draft):
        return Placed(client_id, symbol, RefusalReply(asked.ticket, why_not), [])
    place = closing_order(asked, position, client_id)
    if refused := needs_approval(draft, place, position):
        return Placed(client_id, symbol, RefusalReply(asked.ticket, refused), [])
    beside = [] if is_hopeless(draft, place, position) else list(open_beside(draft, account, symbol))
    canceled = [want_cancel(draft, request, order).id for order in beside]
    if any(may_trade(draft, each) for each in canceled):
        return Placed(client_id, symbol, wait(draft, place, position), canceled)
    return Placed(client_id, symbol, reply_to(draft, place), canceled)


def cannot_send(draft: Draft) -> Unavailable | None:
    """Nothing is cancelled for an order that would not follow."""
    if draft.link.phase is not Phase.LIVE:
        return engine_away()
    return stopped(draft.book.tripped) if draft.book.tripped else None


def closing_order(asked: Close, position: PositionState, client_id: str) -> Place:
    """For all of it, as it is now."""
    request = asked.request
    order = PlaceOrder(
        request_id=request.request_id,
        deadline_us=request.deadline_us,
        trace=request.trace,
        received_us=request.received_us,
        caller=request.caller,
        client_order_id=client_id,
        symbol=position.symbol,
        side=Side.SELL if position.quantity_e8 > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        quantity_e8=abs(position.quantity_e8),
    )
    return Place(asked.ticket, order, order_id(position.account, client_id))


def open_beside(draft: Draft, account: uuid.UUID, symbol: str) -> Iterator[OrderState]:
    """The account's open orders in the symbol, oldest first."""
    found = [each for each in draft.orders.values() if (each.account, each.symbol) == (account, symbol)]
    return (each for each in sorted(found, key=lambda order: (order.created_at_us, order.id)) if not each.final)


def is_hopeless(draft: Draft, place: Place, position: PositionState) -> bool:
    """The gate would deny it whatever else is open: then what is open stands, stops among it."""
    found = judged(draft, new_order(draft, place, position.exchange))
    return any(finding.code in HOPELESS for finding in found.forbidden)


def needs_approval(draft: Draft, place: Place, position: PositionState) -> InvalidRequest | None:
    """What somebody approves later would be for another position than is held then."""
    found = judged(draft, new_order(draft, place, position.exchange))
    if not (found.doubtful or place.request.caller.needs_approval):
        return None
    detail = "A second person must approve such an order: place it yourself."
    return InvalidRequest(detail, code=Code.AWAITING_APPROVAL, rules=rules_shape(found.doubtful))


def may_trade(draft: Draft, canceled: uuid.UUID) -> bool:
    order = draft.orders.get(canceled)
    return order is not None and not order.final


def wait(draft: Draft, place: Place, position: PositionState) -> OrderReply:
    """The closing order, durable and kept back until the cancels are through."""
    request = place.request
    order = new_order(draft, place, position.exchange)
    order = hold(draft, order, Held.CANCELS, {"closes": position.symbol, **signature(request.caller)})
    draft.audits.append(audit_of(request, "order.place", order))
    return OrderReply(place.ticket, order, True, request.caller.user, 0)


# --- when the cancels are through ----------------------------------------------------------------------------------
def tend_closes(draft: Draft) -> None:
    """Orders that wait to close a position: sent, given up, or kept waiting."""
    noted, changes = draft.book.groups.closing, draft.orders.changes
    if not (noted or changes):
        return
    changed = [each.id for each in changes.values() if each is not None and each.held is Held.CANCELS]
    for each in dict.fromkeys((*noted, *changed)):
        order = draft.orders.get(each)
        if order is not None and order.held is Held.CANCELS and not order.final:
            tend_close(draft, order)


def tend_close(draft: Draft, order: OrderState) -> None:
    position = draft.positions.get((order.account, order.symbol))
    held_e8 = position.quantity_e8 if position is not None else 0
    if any(each.cancel_wanted for each in open_beside(draft, order.account, order.symbol)):
        if draft.now_us - order.created_at_us >= PATIENCE_US:
            end_held(draft, order, OrderEvent.CANCELED, Code.CANCELS_OVERDUE.value, {})
    elif (held_e8 > 0) != (order.side is Side.SELL) or not held_e8:
        end_held(draft, order, OrderEvent.CANCELED, Code.NOTHING_TO_CLOSE.value, {})
    elif draft.link.phase is Phase.LIVE and not draft.book.tripped:
        release(draft, [Going(order, abs(held_e8), {"closes": order.symbol})])
    elif draft.now_us - order.created_at_us >= PATIENCE_US:
        end_held(draft, order, OrderEvent.CANCELED, Code.CANCELS_OVERDUE.value, {})
