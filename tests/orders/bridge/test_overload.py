"""Does a real bridge hold a flood of new orders off, let cancels and ways out through, and count for all who ask it?"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.sockets.curve import KeyRing
from bridge.sockets.pump import Pump
from bridge.wire.vocabulary import Side
from orders.client import OrderClient
from orders.requests import Answer, CancelOrder, OrderAnswer
from tests.bridge.waiting import until
from tests.orders.bridge.processes import E8, Processes
from tradingmw.budgets import Tier
from tradingmw.errors import Code, TradingError

FLOOD = 600
WAITING = 20
BURST = 30  #: of the low tier
SETTINGS = {
    "TMW_OVERLOAD_WAITING": str(WAITING),
    "TMW_WRITES_PER_SECOND": "100",
    "TMW_WRITES_BURST": str(BURST * 100),
    "TMW_LOW_TIER_PERCENT": "1",
    "TMW_CANCELS_PER_SECOND": "1",
    "TMW_CANCELS_BURST": str(BURST),
}


@pytest.fixture(scope="module")
def live(make_processes: Callable[[], Processes]) -> Processes:
    """A bridge that is soon overloaded, and gives users of the low tier little."""
    pair = make_processes()
    pair.start("engine")
    pair.start("orders", **SETTINGS)
    pair.wait_live()
    return pair


@pytest.fixture(scope="module")
def web_processes(live: Processes) -> Iterator[list[OrderClient]]:
    """Two that ask the bridge, each by a socket of its own."""
    pump = Pump()
    keys, address = KeyRing(live.directory / "keys"), live.address_of("orders")
    other = OrderClient(pump, keys, address, deadline_seconds=2.5)
    yield [live.client, other]
    other.close()
    pump.close()


async def outcome(asking: Coroutine[Any, Any, Answer]) -> Answer | TradingError:
    try:
        return await asking
    except TradingError as error:
        return error


def placing(
    live: Processes, name: str, client: OrderClient | None = None, tier: Tier = Tier.STANDARD, **terms: Any
) -> Any:
    """An order that rests, unless its terms say otherwise."""
    order = live.order(name, **{"price": 1, **terms})
    asked = replace(order, caller=replace(live.caller, tier=tier))
    return outcome((client or live.client).ask(asked, OrderAnswer))


def canceling(live: Processes, order_id: uuid.UUID, client: OrderClient | None = None) -> Any:
    caller = replace(live.caller, tier=Tier.LOW)
    asked = CancelOrder(request_id=1, deadline_us=0, caller=caller, order_id=order_id)
    return outcome((client or live.client).ask(asked, OrderAnswer))


def code_of(done: Answer | TradingError) -> Code | None:
    return done.code if isinstance(done, TradingError) else None


def test_several_web_processes_share_one_budget_and_are_told_what_is_left(
    live: Processes, web_processes: list[OrderClient]
) -> None:
    async def one_by_one() -> list[Answer | TradingError]:
        turns = [(number, web_processes[number % 2]) for number in range(BURST + 10)]
        return [await placing(live, f"low-{number}", client, Tier.LOW) for number, client in turns]

    began = time.monotonic()
    done = live.ask(one_by_one())
    taken = [each for each in done if isinstance(each, OrderAnswer)]
    refused = [each for each in done if isinstance(each, TradingError)]
    assert BURST <= len(taken) <= BURST + 1 + time.monotonic() - began
    budgets = [answer.budget for answer in taken[:BURST]]
    assert all(budget and budget.limit == BURST for budget in budgets)
    assert [budget.remaining for budget in budgets if budget][:3] == [BURST - 1, BURST - 2, BURST - 3]
    assert {(error.status, error.code) for error in refused} == {(429, Code.RATE_LIMITED)}
    assert {error.headers["RateLimit-Remaining"] for error in refused} == {"0"}
    assert all(error.retry_after_seconds and error.beside["rateLimit"]["limit"] == BURST for error in refused)
    ((stored,),) = live.rows("SELECT COUNT(*) FROM orders_order WHERE client_order_id LIKE 'low-%'")
    assert stored == len(taken)


def test_cancels_are_paid_from_a_budget_of_their_own(live: Processes, web_processes: list[OrderClient]) -> None:
    async def one_by_one() -> list[Answer | TradingError]:
        return [await canceling(live, uuid.uuid4(), web_processes[number % 2]) for number in range(BURST + 5)]

    codes = Counter(map(code_of, live.ask(one_by_one())))
    assert codes[Code.NOT_FOUND] >= BURST
    assert codes[Code.RATE_LIMITED] >= 1
    assert codes.total() == codes[Code.NOT_FOUND] + codes[Code.RATE_LIMITED]


def test_a_flood_is_refused_early_and_cancels_and_ways_out_pass(live: Processes) -> None:
    live.ask(live.place("position", price=1_000))
    until(lambda: live.rows(f"SELECT 1 FROM orders_position WHERE quantity = {10 * E8}"), "a position")
    resting = [live.ask(live.place(f"resting-{number}", price=1)).order["id"] for number in range(10)]

    async def at_once() -> tuple[list[Answer | TradingError], list[Answer | TradingError]]:
        flood = [placing(live, f"flood-{number}") for number in range(FLOOD)]
        cancels = [outcome(live.cancel(order_id)) for order_id in resting]
        way_out = placing(live, "way-out", side=Side.SELL, quantity_e8=10 * E8, price=2_000)
        done = await asyncio.gather(*flood, *cancels, way_out)
        return done[:FLOOD], done[FLOOD:]

    flood, urgent = live.ask(at_once())
    assert [code_of(each) for each in urgent] == [None] * 11
    refused = [each for each in flood if isinstance(each, TradingError)]
    assert {(error.status, error.code) for error in refused} == {(503, Code.OVERLOADED)}
    assert all(error.retry_after_seconds and error.extra["outcome"] == "none" for error in refused)
    ((stored,),) = live.rows("SELECT COUNT(*) FROM orders_order WHERE client_order_id LIKE 'flood-%'")
    assert stored == FLOOD - len(refused) > WAITING
    until(lambda: code_of(live.ask(placing(live, f"after-{time.monotonic()}"))) is None, "orders are taken again")
