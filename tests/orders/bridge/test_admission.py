"""What is let in to wait for the core, and what is refused at once: whose budget is spent, and what is too much?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from bridge.wire.vocabulary import Side
from orders.bridge.admission import Admission
from orders.bridge.holdings import Holdings
from orders.bridge.intake import BATCH_MAX, Intake
from orders.bridge.load import HOLD_SECONDS, Bounds, LoadGate
from orders.core.inputs import Asked, Preview, Reconcile, Ticket
from orders.requests import Caller, PreviewOrder, ReconcileOrders
from tests.orders.core.desk import Desk
from tests.tradingmw.test_token_buckets import Hand
from tradingmw.budgets import Pace, Purse, Tier, UserBudgets
from tradingmw.errors import Code, TradingError

words = Desk()
WIDE = Pace(1_000_000, 1_000_000)
WAITING = 2 * BATCH_MAX


class Door:
    """An admission with a clock that is set by hand, asked as the door asks it."""

    def __init__(self, writes: Pace = WIDE, cancels: Pace = WIDE) -> None:
        self.clock, self.holdings = Hand(), Holdings()
        self.intake = Intake(self.holdings, self.clock)
        paces = {(purse, tier): writes if purse is Purse.WRITES else cancels for purse in Purse for tier in Tier}
        gate = LoadGate(Bounds(1.0, WAITING))
        self.admission = Admission(self.intake, UserBudgets(paces, self.clock), gate, self.clock)

    def ask(self, asked: Asked) -> TradingError | None:
        return self.admission.refusal(asked, self.admission.spend(asked.request))

    def code(self, asked: Asked) -> Code | None:
        return refused.code if (refused := self.ask(asked)) else None

    def flood(self) -> None:
        """Until even the highest tier is refused."""
        for number in range(2 * WAITING):
            self.ask(place(caller(1_000 + number % 50, Tier.HIGH)))
        assert self.code(place(caller(1_000, Tier.HIGH))) is Code.OVERLOADED


def caller(number: int = 1, tier: Tier = Tier.STANDARD) -> Caller:
    return Caller(user=uuid.UUID(int=number), account=uuid.UUID(int=number), account_name=f"u{number}", tier=tier)


def place(by: Caller, **terms: Any) -> Asked:
    return words.place_input(caller=by, **terms)


def cancel(by: Caller) -> Asked:
    return words.cancel_input(uuid.UUID(int=9), caller=by)


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_spent_budget_refuses_orders_and_says_when_to_come_back_and_cancels_go_on() -> None:
    door = Door(writes=Pace(1, 3))
    assert [door.code(place(caller())) for _ in range(4)] == [None, None, None, Code.RATE_LIMITED]
    refused = door.ask(place(caller()))
    assert refused is not None and (refused.status, refused.retry_after_seconds) == (429, 1)
    assert door.code(cancel(caller())) is None
    assert door.code(place(caller(2))) is None
    assert door.admission.refused["rate_limited"] == 2


def test_cancels_have_a_budget_of_their_own() -> None:
    door = Door(cancels=Pace(1, 2))
    asked = [cancel(caller()), words.cancel_all_input(caller()), cancel(caller())]
    assert [door.code(each) for each in asked] == [None, None, Code.RATE_LIMITED]
    assert door.code(place(caller())) is None


def test_what_operators_ask_costs_nothing(door: Door) -> None:
    compare = Reconcile(Ticket(b"operator", 1), ReconcileOrders(request_id=1, deadline_us=1))
    assert door.admission.spend(compare.request) is None
    assert door.code(compare) is None


def test_the_lowest_tier_is_refused_first(door: Door) -> None:
    codes: dict[Tier, tuple[int, Code]] = {}
    for number in range(2 * WAITING):
        for tier in Tier:
            if (code := door.code(place(caller(number, tier)))) and tier not in codes:
                codes[tier] = len(codes), code
    assert codes == {tier: (rank, Code.OVERLOADED) for rank, tier in enumerate(Tier)}


def test_in_overload_cancels_and_what_reduces_a_position_pass(door: Door) -> None:
    door.holdings.begin({(caller().account, "AAPL"): 100}, [])
    door.flood()
    assert door.code(cancel(caller())) is None
    assert door.code(place(caller(), side=Side.SELL, quantity_e8=100)) is None
    assert door.code(place(caller(), side=Side.SELL, quantity_e8=1)) is Code.OVERLOADED


def test_queries_are_refused_before_any_order_is(door: Door) -> None:
    order = words.place_input(caller=caller(tier=Tier.HIGH)).request
    query = Preview(Ticket(b"web", 1), PreviewOrder(request_id=1, deadline_us=1, order=order))
    assert door.code(query) is None
    for number in range(WAITING):
        door.ask(place(caller(number)))
    assert door.code(query) is Code.OVERLOADED
    assert door.code(place(caller(tier=Tier.HIGH))) is None


def test_a_refusal_says_when_to_come_back_and_nothing_waits_of_it(door: Door) -> None:
    door.flood()
    before = door.intake.lines()
    refused = door.ask(place(caller()))
    assert refused is not None and (refused.status, refused.retry_after_seconds) == (503, 3)
    assert door.intake.lines() == before
    assert door.admission.refused["overloaded"] > 0


def test_once_the_core_has_caught_up_all_are_taken_again(door: Door) -> None:
    door.flood()
    while door.intake.take(0):
        pass
    for _ in range(3):
        door.clock.now += HOLD_SECONDS
        door.admission.look()
    assert door.admission.level == 0
    assert door.code(place(caller(tier=Tier.LOW))) is None


def test_a_line_that_is_full_refuses_its_own_kind_only() -> None:
    door = Door()
    while door.code(cancel(caller())) is None:
        pass
    assert door.admission.refused["full"] == 1
    assert door.code(cancel(caller(2))) is None
    assert door.code(place(caller())) is None
