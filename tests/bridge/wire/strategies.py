"""Every message the link can carry, drawn from the message types themselves: new fields need no change here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from bridge.wire import messages as wire
from bridge.wire.limits import INT64_MAX
from bridge.wire.market import Depth, Quote, Trade
from bridge.wire.rules import contradiction
from bridge.wire.vocabulary import ExecType, MassCancelScope, OrderType, RejectCode, ReplyOutcome, TimeInForce

UNIONS = {
    "to_engine": wire.ToEngine,
    "from_engine": wire.FromEngine,
    "query": wire.Query,
    "query_reply": wire.QueryReply,
    "published": wire.Published,
}
MESSAGES: dict[str, tuple[type[wire.Message], ...]] = {
    **{decoder: union.__args__ for decoder, union in UNIONS.items()},
    "bar": (wire.Bar,),
}
DIRECTIONS = [(decoder, message) for decoder, members in MESSAGES.items() for message in members]

Draw = Callable[[st.SearchStrategy[Any]], Any]
integers_e8 = st.integers(1, INT64_MAX)


def values(type_: inspect.Type) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    match type_:
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, high)
        case inspect.StrType(pattern=pattern):
            return st.from_regex(pattern) if pattern else st.text(max_size=20)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.UUIDType():
            return st.uuids()
        case inspect.EnumType(cls=cls):
            return st.sampled_from(cls)
        case inspect.UnionType(types=types):
            return st.one_of(*map(values, types))
        case inspect.ListType(item_type=item):
            return st.lists(values(item), max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(values, items))
        case inspect.StructType(cls=cls):
            return structs(cls)
    raise AssertionError(f"no strategy for {type_}")


def structs(cls: type[Any]) -> st.SearchStrategy[Any]:
    info = inspect.type_info(cls)
    fields = {field.name: values(field.type) for field in info.fields}
    return st.fixed_dictionaries(fields).map(lambda drawn: cls(**AGREEING.get(cls, dict)(drawn)))


def _new_order(drawn: dict[str, Any]) -> dict[str, Any]:
    kind, gtd = drawn["order_type"], drawn["time_in_force"] is TimeInForce.GTD
    priced, stopped = kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}, kind in {OrderType.STOP, OrderType.STOP_LIMIT}
    price, stop, expiry = drawn["price_e8"] or 1, drawn["stop_price_e8"] or 1, drawn["expires_at_us"] or 0
    return drawn | {
        "price_e8": price if priced else None,
        "stop_price_e8": stop if stopped else None,
        "expires_at_us": expiry if gtd else None,
    }


def _replace_order(drawn: dict[str, Any]) -> dict[str, Any]:
    nothing = not any(drawn[name] for name in ("quantity_e8", "price_e8", "stop_price_e8"))
    return drawn | ({"quantity_e8": 1} if nothing else {})


def _mass_cancel(drawn: dict[str, Any]) -> dict[str, Any]:
    return drawn | {"target": None if drawn["scope"] is MassCancelScope.FIRM else drawn["target"] or "x"}


def _command_reply(drawn: dict[str, Any]) -> dict[str, Any]:
    code = drawn["code"] or RejectCode.MALFORMED
    return drawn | {"code": code if drawn["outcome"] is ReplyOutcome.REJECTED else None}


def _order_status(drawn: dict[str, Any]) -> dict[str, Any]:
    if drawn["status"]:
        return drawn | {"known": True}
    nothing = {"external_order_id": None, "price_e8": None, "stop_price_e8": None}
    return drawn | {"known": False, "cum_quantity_e8": 0, "leaves_quantity_e8": 0, **nothing}


def _order_list(drawn: dict[str, Any]) -> dict[str, Any]:
    rows = {row.order_id: row for row in drawn["orders"]}
    return drawn | {"orders": [rows[key] for key in sorted(rows)], "complete": drawn["complete"] or not rows}


def _execution_report(drawn: dict[str, Any]) -> dict[str, Any]:
    kind = drawn["exec_type"]
    amended = kind in {ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT}
    return drawn | {
        "ref_exec_id": (drawn["ref_exec_id"] or "x") if amended else None,
        "last_quantity_e8": drawn["last_quantity_e8"] or 1,
        "last_price_e8": drawn["last_price_e8"] or 1,
    }


def _once(drawn: dict[str, Any]) -> dict[str, Any]:
    return drawn | {"instruments": list({row.instrument_id: row for row in drawn["instruments"]}.values())}


def _snapshot(drawn: dict[str, Any]) -> dict[str, Any]:
    bids, asks = sorted(dict(drawn["bids"]).items(), reverse=True), sorted(dict(drawn["asks"]).items())
    return drawn | {"bids": bids, "asks": asks}


def _bar(drawn: dict[str, Any]) -> dict[str, Any]:
    low, opened, closed, high = sorted(drawn[name] for name in ("low_e8", "open_e8", "close_e8", "high_e8"))
    return drawn | {"low_e8": low, "open_e8": opened, "close_e8": closed, "high_e8": high}


AGREEING: dict[type[Any], Callable[[dict[str, Any]], dict[str, Any]]] = {
    wire.NewOrder: _new_order,
    wire.ReplaceOrder: _replace_order,
    wire.MassCancel: _mass_cancel,
    wire.CommandReply: _command_reply,
    wire.OrderStatus: _order_status,
    wire.OrderList: _order_list,
    wire.ExecutionReport: _execution_report,
    wire.InstrumentList: _once,
    wire.BookSnapshot: _once,
    wire.InstrumentSnapshot: _snapshot,
    wire.Bar: _bar,
}


def sound(cls: type[wire.Message]) -> st.SearchStrategy[Any]:
    """Messages of one type that a reader takes."""
    return structs(cls).filter(lambda message: contradiction(message) is None)


amounts = st.integers(0, INT64_MAX)
ids = st.integers(1, 2**32 - 1)
quotes = st.builds(Quote, ids, *[amounts] * 8)
trades = st.builds(Trade, ids, st.integers(0, 2), amounts, amounts, integers_e8, integers_e8)
levels = st.builds(Depth, ids, st.integers(1, 2), st.booleans(), amounts, integers_e8, amounts)
cleared = st.builds(Depth, ids, st.just(0), st.booleans(), amounts, st.just(0), st.just(0))
changes = levels | cleared
