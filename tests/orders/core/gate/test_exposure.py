"""Are the sums in memory those of the orders, the changes under way and the positions, whatever happens to them?

A made-up day: orders of three users in two instruments, changes, cancels, fills, refusals, busts, corrections, doubts,
restarts, and batches that are decided and never written.
"""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import NewOrder
from bridge.wire.vocabulary import ExecType, OrderType, RejectCode, ReplyOutcome, Side
from orders.core.decide import decide
from orders.core.gate.exposure import NOTHING, Key, Sums
from orders.core.inputs import LinkDown, Replied
from orders.core.scopes import Scope
from orders.core.state import Held, OrderState
from orders.requests import Caller
from tests.orders.core.desk import ANN, BOB, E8, EPOCH, SECOND_US, Desk
from tests.orders.core.gate.sheets import counted_anew, live

CARL = Caller(
    user=uuid.UUID(int=3), account=uuid.UUID(int=13), account_name="carl", desk=ANN.desk, desk_name=ANN.desk_name
)
DESK_ID = uuid.UUID(int=21)
DAYS, DEEDS = 40, 60


class Day:
    """`deed` does one thing that may happen."""

    def __init__(self, seed: int) -> None:
        self.pick, self.desk, self.numbers = random.Random(seed), live(), 0

    def deed(self) -> None:
        deeds = [self.place] * 6 + [self.trade] * 5 + [self.change] * 4 + [self.changed] * 3 + [self.end] * 2
        deeds += [self.cancel, self.amend, self.refuse, self.restart, self.forget, self.lose_link]
        self.pick.choice(deeds)()

    # --- requests --------------------------------------------------------------------------------------------------
    def order(self) -> Any:
        self.numbers += 1
        pick = self.pick
        shape: dict[str, Any] = pick.choice(
            [
                {"order_type": OrderType.LIMIT, "price_e8": pick.randint(140, 160) * E8},
                {"order_type": OrderType.MARKET, "price_e8": None},
                {"order_type": OrderType.STOP, "price_e8": None, "stop_price_e8": pick.randint(140, 160) * E8},
            ]
        )
        caller = replace(pick.choice([ANN, BOB, CARL]), needs_approval=pick.random() < 0.1)
        return self.desk.place_input(
            f"o-{self.numbers}",
            caller=caller,
            symbol=pick.choice(["AAPL", "IBM"]),
            side=pick.choice([Side.BUY, Side.SELL]),
            quantity_e8=pick.randint(1, 9) * E8,
            **shape,
        )

    def place(self) -> None:
        self.desk.do(*[self.order() for _ in range(self.pick.randint(1, 4))])

    def change(self) -> None:
        if order := self.some_open():
            terms: dict[str, Any] = {"quantity_e8": self.pick.randint(1, 12) * E8}
            if order.price_e8 is not None:
                terms["price_e8"] = self.pick.randint(140, 160) * E8
            self.desk.do(self.desk.replace_input(order.id, caller=caller_of(order), **terms))

    def cancel(self) -> None:
        if order := self.some_open():
            self.desk.do(self.desk.cancel_input(order.id, caller_of(order)))

    def forget(self) -> None:
        """A batch that is decided, and of which the database knows nothing."""
        decide(self.desk.book, [self.order(), self.order()], self.desk.now_us)

    # --- the engine ------------------------------------------------------------------------------------------------
    def trade(self) -> None:
        if order := self.some_open():
            units = self.pick.randint(1, 6)
            self.desk.do(self.desk.report(order, ExecType.TRADE, fill=(units, self.pick.randint(140, 160))))

    def changed(self) -> None:
        under_way = [order for order in self.open_orders() if order.id in self.desk.book.replaces]
        if under_way:
            order = self.pick.choice(under_way)
            terms = self.desk.book.commands[self.desk.book.replaces[order.id]].terms
            self.desk.do(self.desk.report(order, ExecType.REPLACED, **terms.changes))

    def end(self) -> None:
        if order := self.some_open():
            self.desk.do(self.desk.report(order, self.pick.choice([ExecType.CANCELED, ExecType.EXPIRED])))

    def refuse(self) -> None:
        if commands := [message for message in self.desk.sent if isinstance(message, NewOrder)]:
            reply = self.desk.reply(self.pick.choice(commands), ReplyOutcome.REJECTED, code=RejectCode.INVALID_ORDER)
            self.desk.do(Replied(reply))

    def amend(self) -> None:
        trades = [each for each in self.desk.executions.values() if each.live]
        if trades:
            trade = self.pick.choice(trades)
            terms = {"quantity_e8": 2 * E8, "price_e8": 150 * E8} if self.pick.random() < 0.5 else {}
            order = self.desk.orders[trade.order_id]
            self.desk.do(self.desk.amend_input(order, trade.exec_id, f"m-{self.numbers}-{trade.exec_id}", **terms))

    # --- faults ----------------------------------------------------------------------------------------------------
    def restart(self) -> None:
        self.desk.restart()
        self.come_back()

    def lose_link(self) -> None:
        self.desk.do(LinkDown("lost"))
        self.come_back()

    def come_back(self) -> None:
        self.desk.now_us += SECOND_US
        cursor = self.desk.book.cursor
        self.desk.go_live(cursor.epoch or EPOCH, cursor.seq)

    # --- what there is ---------------------------------------------------------------------------------------------
    def open_orders(self) -> list[OrderState]:
        return [order for order in self.desk.orders.values() if not order.final and not order.held]

    def some_open(self) -> OrderState | None:
        return self.pick.choice(self.open_orders()) if self.open_orders() else None


def caller_of(order: OrderState) -> Caller:
    return next(each for each in (ANN, BOB, CARL) if each.account == order.account)


@pytest.mark.parametrize("seed", range(DAYS))
def test_what_is_counted_is_what_is_there(seed: int) -> None:
    day = Day(seed)
    for _ in range(DEEDS):
        day.deed()
        desk = day.desk
        counted = desk.book.gate.exposure(desk.book)
        assert counted.sums == counted_anew(desk).sums
        assert NOTHING not in counted.sums.values()
    assert day.desk.executions, "a day without trades shows nothing"


def test_the_firm_is_its_desks_and_accounts_together() -> None:
    day = Day(7)
    for _ in range(DEEDS):
        day.deed()
    sums = day.desk.book.gate.exposure(day.desk.book).sums
    for symbol in ("", "AAPL", "IBM"):
        accounts = [sums.get(Key(Scope.USER, each.account.int, symbol), NOTHING) for each in (ANN, BOB, CARL)]
        assert added(accounts) == sums.get(Key(Scope.FIRM, 0, symbol), NOTHING)
        assert added([accounts[0], accounts[2]]) == sums.get(Key(Scope.DESK, DESK_ID.int, symbol), NOTHING)


def added(parts: list[Sums]) -> Sums:
    whole = NOTHING
    for part in parts:
        whole = whole.plus(part)
    return whole


def own(desk: Desk, symbol: str = "AAPL") -> Sums:
    return desk.book.gate.exposure(desk.book).sums.get(Key(Scope.USER, ANN.account.int, symbol), NOTHING)


def test_a_change_under_way_counts_at_its_worst_until_its_outcome_is_known() -> None:
    desk = live()
    order = desk.acknowledged(quantity_e8=10 * E8, price_e8=150 * E8)
    desk.replace(order, quantity_e8=4 * E8, price_e8=160 * E8)
    assert own(desk) == Sums(1, 10 * E8, 0, 10 * 150 * E8 * E8)
    desk.do(desk.report(desk.now(order), ExecType.REPLACED, quantity_e8=4 * E8, price_e8=160 * E8))
    assert own(desk) == Sums(1, 4 * E8, 0, 4 * 160 * E8 * E8)


def test_what_waits_for_an_approval_counts_for_nothing_until_it_goes() -> None:
    desk = live()
    order = desk.place(caller=replace(ANN, needs_approval=True))
    assert order.held is Held.APPROVAL and own(desk) == NOTHING
