"""Does the engine tell of all open orders, and end many at once when it is asked to, or when nobody asks any more?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.conversation import now_us, of_kind
from bridge.conformance.subject import Subject
from bridge.conformance.trading import OPEN, OTHER_ACCOUNT, Trader, told, trading
from bridge.conformance.verdicts import require
from bridge.wire.messages import ClientHeartbeat, MassCancel, NewOrder, OpenOrder, OrderList, OrderListRequest
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, MassCancelScope, RejectCode, ReplyOutcome, Side

OPEN_ORDERS = Catalogue()
ORDERS = 5
MOST_PAGES = 10_000
DISARMED_SECONDS = 1.5  #: times the switch's own
SEVERAL = 3
OWN_DESK = "engine-check-3"


@OPEN_ORDERS.check("OrderList")
def order_list(subject: Subject) -> str:
    """The list holds every open order, by ascending id, and no other; from an order on it holds those behind it."""
    with trading(subject) as trader:
        orders = [trader.rest() for _ in range(ORDERS)]
        ended = orders.pop()
        trader.cancel(ended)
        listed = {row.order_id: row for row in listed_orders(trader, None)}
        missing = [order for order in orders if order.order_id not in listed]
        require(not missing, f"{len(missing)} of {len(orders)} open orders are not listed")
        require(ended.order_id not in listed, "a canceled order is listed")
        for order in orders:
            _as_it_is(order, listed[order.order_id])
        first = min(order.order_id for order in orders)
        behind = {row.order_id for row in listed_orders(trader, first)}
    expected = {order.order_id for order in orders} - {first}
    require(first not in behind and expected <= behind, "the list behind an order does not begin with the next")
    return f"{len(listed)} open orders, {len(orders)} of them ours"


def listed_orders(trader: Trader, after: UUID | None) -> Iterator[OpenOrder]:
    """All of them, page by page."""
    for _ in range(MOST_PAGES):
        request = trader.conversation.command(OrderListRequest, after=after)
        page = of_kind(trader.conversation.ask(request), OrderList)
        yield from page.orders
        if page.complete:
            return
        require(after is None or page.orders[0].order_id > after, "a page begins before the order it was asked from")
        after = page.orders[-1].order_id


def _as_it_is(order: NewOrder, row: OpenOrder) -> None:
    names = ("account", "client_order_id", "side", "quantity_e8", "price_e8")
    wrong = [name for name in names if getattr(row, name) != getattr(order, name)]
    require(not wrong, f"the list differs from the order in {', '.join(wrong)}")


@OPEN_ORDERS.check("MassCancel")
def mass_cancel(subject: Subject) -> str:
    """All open orders of the scope are ended, reported `canceled` and counted in the reply; others stay."""
    with trading(subject) as trader:
        seen = [
            _ended(trader, MassCancelScope.ACCOUNT, OTHER_ACCOUNT, account=OTHER_ACCOUNT),
            _ended(trader, MassCancelScope.DESK, OWN_DESK, desk=OWN_DESK),
            _all_ended(trader, MassCancelScope.SYMBOL, trader.instrument.symbol),
            _all_ended(trader, MassCancelScope.FIRM, None),
        ]
    return ", ".join(seen)


def _ended(trader: Trader, scope: MassCancelScope, target: str, **fields: Any) -> str:
    """Orders of the scope end, one that is not of it stays."""
    _mass_canceled(trader, scope, target)  # what an earlier run left
    other = trader.rest()
    orders = [trader.rest(**fields) for _ in range(SEVERAL)]
    count = _mass_canceled(trader, scope, target)
    require(count == SEVERAL, f"scope {scope}: {SEVERAL} orders were open, the reply counts {count}")
    _are_canceled(trader, orders)
    require(trader.status(other).status in OPEN, f"scope {scope} ended an order outside of it")
    return f"{scope} {count}"


def _all_ended(trader: Trader, scope: MassCancelScope, target: str | None) -> str:
    orders = [trader.rest(Side.SELL) for _ in range(SEVERAL)]
    count = _mass_canceled(trader, scope, target)
    require(count >= SEVERAL, f"scope {scope}: at least {SEVERAL} orders were open, the reply counts {count}")
    _are_canceled(trader, orders)
    return f"{scope} {count}"


def _mass_canceled(trader: Trader, scope: MassCancelScope, target: str | None) -> int:
    reply = trader.conversation.reply_to(trader.conversation.command(MassCancel, scope=scope, target=target))
    require(reply.outcome is ReplyOutcome.ACCEPTED, f"MassCancel of scope {scope} was answered {told(reply)}")
    return reply.canceled


def _are_canceled(trader: Trader, orders: list[NewOrder]) -> None:
    for order in orders:
        trader.report(order, ExecType.CANCELED)
        require(trader.status(order).status is EngineOrderStatus.CANCELED, "an order that is reported canceled is open")


@OPEN_ORDERS.check("ClientHeartbeat")
def dead_man(subject: Subject) -> str:
    """Once armed, the switch ends every open order with BRIDGE_SILENT when heartbeats stay away, not before; 0 takes
    it back."""
    cancel_after_ms = subject.terms.dead_man_ms
    with trading(subject) as trader:
        _beat(trader, cancel_after_ms)
        _beat(trader, 0)
        order = trader.rest()
        until_us = now_us() + int(cancel_after_ms * 1000 * DISARMED_SECONDS)
        while now_us() < until_us:
            trader.conversation.hear(wait_ms=cancel_after_ms // 10)
        require(trader.status(order).status in OPEN, "the order was ended after the switch had been taken back")
        armed_us = now_us()
        _beat(trader, cancel_after_ms)
        report = trader.report(order, ExecType.CANCELED)
        after_ms = (now_us() - armed_us) // 1000
    require(report.code is RejectCode.BRIDGE_SILENT, f"the order was ended with {report.code}")
    require(after_ms >= cancel_after_ms, f"the order was ended after {after_ms} ms, {cancel_after_ms} were asked for")
    return f"BRIDGE_SILENT after {after_ms} ms, {cancel_after_ms} asked for"


def _beat(trader: Trader, cancel_after_ms: int) -> None:
    conversation = trader.conversation
    conversation.say(
        ClientHeartbeat(session=conversation.session, sent_at_us=now_us(), cancel_after_ms=cancel_after_ms)
    )
