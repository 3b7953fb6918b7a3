"""Does each type of order, with each time in force, become at the engine what its name promises?"""

from __future__ import annotations

import time

import pytest

from bridge.wire.vocabulary import OrderType, TimeInForce
from tests.bridge.waiting import until
from tests.orders.bridge.processes import E8, Processes

MARKET, LIMIT, STOP, STOP_LIMIT = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT
DAY, GTC, IOC, FOK, GTD = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD
LOW, HIGH = 1, 10_000  #: the market is far from both
HOUR_US = 3_600 * 1_000_000

#: To buy: type, time in force, price, stop price, and what becomes of it.
CASES = [
    (MARKET, DAY, None, None, "filled"),
    (MARKET, IOC, None, None, "filled"),
    (MARKET, FOK, None, None, "filled"),
    (LIMIT, DAY, LOW, None, "new"),
    (LIMIT, GTC, LOW, None, "new"),
    (LIMIT, GTD, LOW, None, "new"),
    (LIMIT, IOC, LOW, None, "canceled"),
    (LIMIT, FOK, LOW, None, "canceled"),
    (LIMIT, DAY, HIGH, None, "filled"),
    (LIMIT, IOC, HIGH, None, "filled"),
    (LIMIT, FOK, HIGH, None, "filled"),
    (STOP, DAY, None, HIGH, "new"),
    (STOP, GTC, None, HIGH, "new"),
    (STOP, DAY, None, LOW, "filled"),
    (STOP_LIMIT, DAY, HIGH, HIGH, "new"),
    (STOP_LIMIT, GTD, LOW, LOW, "new"),
    (STOP_LIMIT, DAY, HIGH, LOW, "filled"),
]


@pytest.fixture(scope="module")
def live(pair: Processes) -> Processes:
    pair.start("feed")
    pair.wait_live()
    until(lambda: (state := pair.state()) and state.has_prices, "prices, which market orders need")
    return pair


@pytest.mark.parametrize(("order_type", "time_in_force", "price", "stop", "outcome"), CASES)
def test_an_order_becomes_what_its_type_and_time_in_force_say(
    live: Processes,
    order_type: OrderType,
    time_in_force: TimeInForce,
    price: int | None,
    stop: int | None,
    outcome: str,
) -> None:
    terms = {
        "order_type": order_type,
        "time_in_force": time_in_force,
        "price_e8": price and price * E8,
        "stop_price_e8": stop and stop * E8,
        "expires_at_us": time.time_ns() // 1_000 + HOUR_US if time_in_force is GTD else None,
    }
    name = f"{order_type}-{time_in_force}-{price}-{stop}"
    answer = live.ask(live.place(name, wait_seconds=5, **terms))
    assert (answer.order["orderType"], answer.order["timeInForce"]) == (order_type.value, time_in_force.value)
    until(lambda: live.status_of(name) == outcome, f"{outcome} of {name}")
    assert live.reported()[name][-1].status.value == outcome
