"""Do the fields of a message, each right by itself, also agree with one another?

Only what no engine could mean is refused here. What an engine might really do, though it should not (an overfill,
a report for an unknown order), must reach the order core, which records and alarms it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from bridge.wire.messages import (
    Bar,
    BookSnapshot,
    CommandReply,
    ExecutionReport,
    InstrumentList,
    InstrumentSnapshot,
    Level,
    MassCancel,
    Message,
    NewOrder,
    OrderList,
    OrderStatus,
    ReplaceOrder,
)
from bridge.wire.vocabulary import ExecType, MassCancelScope, OrderType, ReplyOutcome, TimeInForce

PRICED = {OrderType.LIMIT, OrderType.STOP_LIMIT}
STOPPED = {OrderType.STOP, OrderType.STOP_LIMIT}
AMENDING = {ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT}
TRADED = {ExecType.TRADE, ExecType.TRADE_CORRECT}


def _new_order(order: NewOrder) -> str | None:
    if (order.price_e8 is not None) != (order.order_type in PRICED):
        return f"priceE8 belongs to limit and stop_limit orders, this is a {order.order_type} order"
    if (order.stop_price_e8 is not None) != (order.order_type in STOPPED):
        return f"stopPriceE8 belongs to stop and stop_limit orders, this is a {order.order_type} order"
    if (order.expires_at_us is not None) != (order.time_in_force is TimeInForce.GTD):
        return f"expiresAtUs belongs to gtd orders, this is a {order.time_in_force} order"
    return None


def _replace_order(replace: ReplaceOrder) -> str | None:
    if replace.quantity_e8 is None and replace.price_e8 is None and replace.stop_price_e8 is None:
        return "nothing is to be replaced"
    return None


def _mass_cancel(cancel: MassCancel) -> str | None:
    if (cancel.target is None) != (cancel.scope is MassCancelScope.FIRM):
        return f"scope {cancel.scope} and target {cancel.target!r} do not fit"
    return None


def _command_reply(reply: CommandReply) -> str | None:
    if (reply.code is not None) != (reply.outcome is ReplyOutcome.REJECTED):
        return f"outcome {reply.outcome} and code {reply.code} do not fit"
    return None


def _order_status(answer: OrderStatus) -> str | None:
    if answer.known != (answer.status is not None):
        return f"known is {answer.known}, status is {answer.status}"
    told = (answer.cum_quantity_e8, answer.leaves_quantity_e8, answer.price_e8, answer.stop_price_e8)
    if not answer.known and (any(told) or answer.external_order_id):
        return "an order that is not known has quantities, prices or an id"
    return None


def _order_list(answer: OrderList) -> str | None:
    if not (answer.complete or answer.orders):
        return "an empty list is not complete"
    if any(before.order_id >= after.order_id for before, after in pairwise(answer.orders)):
        return "the orders do not ascend by their ids"
    return None


def _execution_report(report: ExecutionReport) -> str | None:
    if report.exec_type in TRADED and not (report.last_quantity_e8 and report.last_price_e8):
        return f"a {report.exec_type} without lastQuantityE8 or lastPriceE8"
    if (report.ref_exec_id is not None) != (report.exec_type in AMENDING):
        return f"refExecId belongs to trade_cancel and trade_correct, this is {report.exec_type}"
    return None


def _instrument_list(table: InstrumentList) -> str | None:
    if len({row.instrument_id for row in table.instruments}) != len(table.instruments):
        return "an instrumentId occurs twice"
    return None


def _book_snapshot(snapshot: BookSnapshot) -> str | None:
    if len({row.instrument_id for row in snapshot.instruments}) != len(snapshot.instruments):
        return "an instrumentId occurs twice"
    return next(filter(None, map(_instrument_snapshot, snapshot.instruments)), None)


def _instrument_snapshot(row: InstrumentSnapshot) -> str | None:
    if not (_best_first(row.bids, best_is_highest=True) and _best_first(row.asks, best_is_highest=False)):
        return f"a side of instrument {row.instrument_id} is not sorted best first"
    return None


def _best_first(side: Sequence[Level], *, best_is_highest: bool) -> bool:
    steps = (better[0] - worse[0] for better, worse in pairwise(side))
    return all(step > 0 for step in steps) if best_is_highest else all(step < 0 for step in steps)


def _bar(bar: Bar) -> str | None:
    if not bar.low_e8 <= min(bar.open_e8, bar.close_e8) <= max(bar.open_e8, bar.close_e8) <= bar.high_e8:
        return "open and close lie outside of low and high"
    return None


RULES: dict[type[Message], Callable[[Any], str | None]] = {
    NewOrder: _new_order,
    ReplaceOrder: _replace_order,
    MassCancel: _mass_cancel,
    CommandReply: _command_reply,
    OrderStatus: _order_status,
    OrderList: _order_list,
    ExecutionReport: _execution_report,
    InstrumentList: _instrument_list,
    BookSnapshot: _book_snapshot,
    Bar: _bar,
}


def contradiction(message: Message) -> str | None:
    """What in `message` contradicts itself, in words; None = nothing."""
    rule = RULES.get(type(message))
    return rule(message) if rule else None
