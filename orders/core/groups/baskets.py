"""What is decided of many orders in one request? Each as though it had come alone, in their order, in one batch."""

from __future__ import annotations

from orders.core.draft import Draft
from orders.core.groups.checking import repeated_ids
from orders.core.inputs import Basket, Place
from orders.core.outcomes import DeniedReply, OrderReply, Placed, PlacedReply, RefusalReply
from orders.core.requesting import late, place
from tradingmw.errors import InvalidRequest


def place_basket(draft: Draft, asked: Basket) -> None:
    """One reply with an item per order. An id that stands in it twice is a mistake, and nothing is placed."""
    if asked.request.deadline_us <= draft.now_us:
        draft.counts["late_requests"] += 1
        draft.refuse(asked.ticket, late())
    elif faults := list(repeated_ids(asked.request.orders)):
        draft.refuse(asked.ticket, InvalidRequest("A clientOrderId stands in the basket twice.", errors=faults))
    else:
        items = [placed(draft, each) for each in asked.places]
        draft.replies.append(PlacedReply(asked.ticket, items, asked.request.caller.user))


def placed(draft: Draft, asked: Place) -> Placed:
    request = asked.request
    return Placed(request.client_order_id, request.symbol, reply_to(draft, asked), [])


def reply_to(draft: Draft, asked: Place) -> OrderReply | DeniedReply | RefusalReply:
    """What the order alone would be answered with."""
    before = len(draft.replies)
    place(draft, asked)
    (reply,) = draft.replies[before:]
    del draft.replies[before:]
    if not isinstance(reply, OrderReply | DeniedReply | RefusalReply):
        raise TypeError(f"An order is not answered with {type(reply).__name__}.")
    return reply
