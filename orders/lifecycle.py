"""Which event may happen to an order in which status, and what is it then?

One table, one lookup. Statuses are the contract's words; events are past tense and become the kinds of the history and
of the private stream. What is not in the table is illegal: it is quarantined, never applied and never fatal.
"""

from __future__ import annotations

from enum import StrEnum


class OrderStatus(StrEnum):
    PENDING_NEW = "pending_new"  #: durable here; the engine has not spoken yet
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    PENDING_REPLACE = "pending_replace"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DENIED = "denied"  #: stopped before the engine
    UNKNOWN = "unknown"  #: handed to the link, no evidence yet


class OrderEvent(StrEnum):
    ACCEPTED = "order_accepted"
    HELD = "order_held"  #: accepted, and kept here until an approval or another order lets it go
    RELEASED = "order_released"  #: it was let go, and is on its way
    DENIED = "order_denied"  #: stopped here by a rule or by a person
    ACKNOWLEDGED = "order_acknowledged"
    PARTIALLY_FILLED = "order_partially_filled"
    FILLED = "order_filled"
    CANCEL_REQUESTED = "order_cancel_requested"
    CANCELED = "order_canceled"
    REPLACE_REQUESTED = "order_replace_requested"
    REPLACED = "order_replaced"  #: total or prices are now what the engine says
    REPLACE_REJECTED = "order_replace_rejected"  #: refused, or proven never done: total and prices are as they were
    REJECTED = "order_rejected"
    EXPIRED = "order_expired"
    DOUBTED = "order_doubted"  #: no answer in time, a lost link or a restart: the outcome is unknown
    NOT_SENT = "order_not_sent"  #: proven never to have reached the engine
    ENGINE_LOST = "order_engine_lost"  #: acknowledged by an engine that no longer knows it
    TRADE_BUSTED = "order_trade_busted"  #: an execution is void
    TRADE_CORRECTED = "order_trade_corrected"  #: an execution had another size or price
    UNFILLED = "order_unfilled"  #: filled no more, because of a bust or correction; what is missing does not work again
    REOPENED = "order_reopened"  #: filled no more for that reason; the engine says that what is missing works again
    OVERRAN = "order_overran"  #: it and others of its group have traded more together than was asked for
    ADOPTED = "order_adopted"  #: the engine holds it, and it was not sent from here


class IllegalEvent(Exception):
    """The table has no row for this status and event."""

    def __init__(self, status: OrderStatus | None, event: OrderEvent) -> None:
        self.status, self.event = status, event
        super().__init__(f"{event} cannot happen to an order that is {status or 'not there'}")


S, E = OrderStatus, OrderEvent
FINAL = frozenset({S.FILLED, S.CANCELED, S.REJECTED, S.EXPIRED, S.DENIED})
OPEN = frozenset(S) - FINAL

#: where a row surprises, its reason stands beside it
TABLE: dict[tuple[OrderStatus | None, OrderEvent], OrderStatus] = {
    (None, E.ACCEPTED): S.PENDING_NEW,
    (None, E.HELD): S.PENDING_NEW,
    (None, E.DENIED): S.DENIED,
    (None, E.ADOPTED): S.NEW,
    #
    (S.PENDING_NEW, E.RELEASED): S.PENDING_NEW,
    (S.PENDING_NEW, E.REPLACED): S.PENDING_NEW,  # while it was held: the engine need not be asked
    (S.PENDING_NEW, E.DENIED): S.DENIED,  # while it was held
    (S.PENDING_NEW, E.ACKNOWLEDGED): S.NEW,
    (S.PENDING_NEW, E.PARTIALLY_FILLED): S.PARTIALLY_FILLED,  # a fill may come before the acknowledgement
    (S.PENDING_NEW, E.FILLED): S.FILLED,
    (S.PENDING_NEW, E.CANCEL_REQUESTED): S.PENDING_CANCEL,
    (S.PENDING_NEW, E.REPLACE_REQUESTED): S.PENDING_REPLACE,  # the change follows the order on the same way
    (S.PENDING_NEW, E.CANCELED): S.CANCELED,  # immediate-or-cancel that met nothing
    (S.PENDING_NEW, E.REJECTED): S.REJECTED,
    (S.PENDING_NEW, E.EXPIRED): S.EXPIRED,
    (S.PENDING_NEW, E.DOUBTED): S.UNKNOWN,
    (S.PENDING_NEW, E.NOT_SENT): S.DENIED,
    #
    (S.UNKNOWN, E.ACKNOWLEDGED): S.NEW,
    (S.UNKNOWN, E.PARTIALLY_FILLED): S.PARTIALLY_FILLED,
    (S.UNKNOWN, E.FILLED): S.FILLED,
    (S.UNKNOWN, E.CANCEL_REQUESTED): S.PENDING_CANCEL,
    (S.UNKNOWN, E.CANCELED): S.CANCELED,
    (S.UNKNOWN, E.REJECTED): S.REJECTED,
    (S.UNKNOWN, E.EXPIRED): S.EXPIRED,
    (S.UNKNOWN, E.NOT_SENT): S.DENIED,
    #
    (S.NEW, E.ACKNOWLEDGED): S.NEW,  # an engine that restarted may announce what it rebuilt
    (S.NEW, E.PARTIALLY_FILLED): S.PARTIALLY_FILLED,
    (S.NEW, E.FILLED): S.FILLED,
    (S.NEW, E.CANCEL_REQUESTED): S.PENDING_CANCEL,
    (S.NEW, E.CANCELED): S.CANCELED,
    (S.NEW, E.REPLACE_REQUESTED): S.PENDING_REPLACE,
    (S.NEW, E.REPLACED): S.NEW,  # changed without our asking: it is what the engine says, and alarmed
    (S.NEW, E.REJECTED): S.REJECTED,  # accepted as a command, refused by the matching (fill-or-kill, no liquidity)
    (S.NEW, E.EXPIRED): S.EXPIRED,
    (S.NEW, E.ENGINE_LOST): S.CANCELED,
    #
    (S.PARTIALLY_FILLED, E.ACKNOWLEDGED): S.PARTIALLY_FILLED,  # the acknowledgement came after the fill
    (S.PARTIALLY_FILLED, E.PARTIALLY_FILLED): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, E.FILLED): S.FILLED,
    (S.PARTIALLY_FILLED, E.CANCEL_REQUESTED): S.PENDING_CANCEL,
    (S.PARTIALLY_FILLED, E.CANCELED): S.CANCELED,
    (S.PARTIALLY_FILLED, E.REPLACE_REQUESTED): S.PENDING_REPLACE,
    (S.PARTIALLY_FILLED, E.REPLACED): S.PARTIALLY_FILLED,  # as above
    (S.PARTIALLY_FILLED, E.EXPIRED): S.EXPIRED,
    (S.PARTIALLY_FILLED, E.ENGINE_LOST): S.CANCELED,
    (S.PARTIALLY_FILLED, E.TRADE_BUSTED): S.NEW,  # if it was the only one
    (S.PARTIALLY_FILLED, E.TRADE_CORRECTED): S.PARTIALLY_FILLED,
    (S.PARTIALLY_FILLED, E.OVERRAN): S.PARTIALLY_FILLED,
    #
    (S.PENDING_CANCEL, E.ACKNOWLEDGED): S.PENDING_CANCEL,  # the cancel overtook the acknowledgement
    (S.PENDING_CANCEL, E.PARTIALLY_FILLED): S.PENDING_CANCEL,  # it trades until the engine has taken it out
    (S.PENDING_CANCEL, E.FILLED): S.FILLED,
    (S.PENDING_CANCEL, E.CANCELED): S.CANCELED,
    (S.PENDING_CANCEL, E.REPLACED): S.PENDING_CANCEL,  # the change was under way when the cancel was asked for
    (S.PENDING_CANCEL, E.REPLACE_REJECTED): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, E.REJECTED): S.REJECTED,
    (S.PENDING_CANCEL, E.EXPIRED): S.EXPIRED,
    (S.PENDING_CANCEL, E.NOT_SENT): S.DENIED,
    (S.PENDING_CANCEL, E.ENGINE_LOST): S.CANCELED,
    (S.PENDING_CANCEL, E.TRADE_BUSTED): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, E.TRADE_CORRECTED): S.PENDING_CANCEL,
    (S.PENDING_CANCEL, E.OVERRAN): S.PENDING_CANCEL,
    #
    (S.PENDING_REPLACE, E.ACKNOWLEDGED): S.PENDING_REPLACE,  # the change overtook the acknowledgement
    (S.PENDING_REPLACE, E.PARTIALLY_FILLED): S.PENDING_REPLACE,  # it trades under its old terms until it is changed
    (S.PENDING_REPLACE, E.FILLED): S.FILLED,  # all of the old total, before the change came
    (S.PENDING_REPLACE, E.CANCEL_REQUESTED): S.PENDING_CANCEL,
    (S.PENDING_REPLACE, E.CANCELED): S.CANCELED,
    (S.PENDING_REPLACE, E.REPLACED): S.NEW,
    (S.PENDING_REPLACE, E.REPLACE_REJECTED): S.NEW,
    (S.PENDING_REPLACE, E.REJECTED): S.REJECTED,
    (S.PENDING_REPLACE, E.EXPIRED): S.EXPIRED,
    (S.PENDING_REPLACE, E.NOT_SENT): S.DENIED,
    (S.PENDING_REPLACE, E.ENGINE_LOST): S.CANCELED,
    (S.PENDING_REPLACE, E.TRADE_BUSTED): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, E.TRADE_CORRECTED): S.PENDING_REPLACE,
    (S.PENDING_REPLACE, E.OVERRAN): S.PENDING_REPLACE,
    #
    (S.CANCELED, E.ACKNOWLEDGED): S.CANCELED,  # reports of one order may cross
    (S.CANCELED, E.REPLACED): S.CANCELED,
    (S.CANCELED, E.PARTIALLY_FILLED): S.CANCELED,  # a fill after a cancel does happen, and still counts
    (S.CANCELED, E.FILLED): S.FILLED,
    (S.CANCELED, E.TRADE_BUSTED): S.CANCELED,
    (S.CANCELED, E.TRADE_CORRECTED): S.CANCELED,
    (S.CANCELED, E.OVERRAN): S.CANCELED,
    #
    (S.REJECTED, E.REJECTED): S.REJECTED,  # a refusal comes twice, as a reply and as a report
    #
    (S.EXPIRED, E.ACKNOWLEDGED): S.EXPIRED,
    (S.EXPIRED, E.REPLACED): S.EXPIRED,
    (S.EXPIRED, E.PARTIALLY_FILLED): S.EXPIRED,  # as after a cancel
    (S.EXPIRED, E.FILLED): S.FILLED,
    (S.EXPIRED, E.TRADE_BUSTED): S.EXPIRED,
    (S.EXPIRED, E.TRADE_CORRECTED): S.EXPIRED,
    (S.EXPIRED, E.OVERRAN): S.EXPIRED,
    #
    (S.FILLED, E.ACKNOWLEDGED): S.FILLED,
    (S.FILLED, E.FILLED): S.FILLED,  # an overfill: the money has moved, so it counts, flagged and alarmed
    (S.FILLED, E.TRADE_BUSTED): S.FILLED,  # what becomes of it is told by the event behind it
    (S.FILLED, E.TRADE_CORRECTED): S.FILLED,
    (S.FILLED, E.OVERRAN): S.FILLED,  # it filled before the cancel came to the engine
    (S.FILLED, E.UNFILLED): S.CANCELED,
    (S.FILLED, E.REOPENED): S.NEW,  # the one way back: the engine itself says that the order trades again
}


def next_status(status: OrderStatus | None, event: OrderEvent, *, traded: bool = False) -> OrderStatus:
    """The status after `event`; `IllegalEvent` where the table has no row. None = the order does not exist yet.

    An order that works on is `new` in the table, and is `partially_filled` where something of it has `traded`.
    """
    try:
        after = TABLE[status, event]
    except KeyError:
        raise IllegalEvent(status, event) from None
    return OrderStatus.PARTIALLY_FILLED if traded and after is OrderStatus.NEW else after
