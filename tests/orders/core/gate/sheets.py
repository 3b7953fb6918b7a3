"""Limits for tests, and what the gate said of an order."""

from __future__ import annotations

import uuid
from typing import Any

from bridge.wire.vocabulary import ExecType, Side
from orders.core.draft import Draft
from orders.core.gate.exposure import Exposure, Sources
from orders.core.limits import Breach, Limit, Rule
from orders.core.marks import Mark
from orders.core.outcomes import DeniedReply, RefusalReply
from orders.core.scopes import Scope, Target
from orders.core.state import OrderState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import ANN, E8, Desk

E4 = 10**4
USER, DESK, SYMBOL = Target(Scope.USER, str(ANN.user)), Target(Scope.DESK, str(ANN.desk)), Target(Scope.SYMBOL, "AAPL")


def limit(rule: Rule, value: int = 0, target: Target = USER, breach: Breach = Breach.DENY, **more: Any) -> Limit:
    return Limit(id=uuid.uuid4(), rule=rule, target=target, value=value, breach=breach, **more)


def live(*limits: Limit) -> Desk:
    """A desk whose engine is there, under these limits."""
    desk = Desk()
    desk.go_live()
    desk.book.limits = limits
    return desk


def denied(draft: Draft) -> DeniedReply:
    reply = draft.replies[-1]
    assert isinstance(reply, DeniedReply), reply
    assert reply.order.status is OrderStatus.DENIED
    return reply


def refused(draft: Draft) -> tuple[str, list[dict[str, Any]]]:
    """Code and rules of what was not written."""
    reply = draft.replies[-1]
    assert isinstance(reply, RefusalReply), reply
    return reply.error.code.value, reply.error.extra.get("rules", [])


def hold_position(desk: Desk, units: int, client_order_id: str = "before") -> None:
    """As though traded before: ANN is long or short of so many AAPL."""
    limits, desk.book.limits = desk.book.limits, ()
    side = Side.BUY if units > 0 else Side.SELL
    order = desk.acknowledged(client_order_id, quantity_e8=abs(units) * E8, side=side)
    fill(desk, order, abs(units))
    desk.book.limits = limits


def fill(desk: Desk, order: OrderState, units: int, price: int = 150) -> OrderState:
    desk.do(desk.report(desk.now(order), ExecType.TRADE, fill=(units, price)))
    return desk.now(order)


def counted_anew(desk: Desk) -> Exposure:
    book = desk.book
    return Exposure(Sources(book.orders, book.replaces, book.commands, book.positions))


def market(bid: int | None, ask: int | None, last: int | None = None, *, stale: bool = False) -> Mark:
    """Whole prices."""
    bid_e8, ask_e8, last_e8 = [None if price is None else price * E8 for price in (bid, ask, last)]
    return Mark(bid_e8, ask_e8, last_e8, 0, stale)
