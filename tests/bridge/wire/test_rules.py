"""A message that contradicts itself is refused; a fault that only the order core can judge is let through."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bridge.wire.golden.messages import examples
from bridge.wire.rules import contradiction
from bridge.wire.vocabulary import OrderType, TimeInForce

EXAMPLES = {example.name: example.message for example in examples()}
PRICES = [None, 5]


@pytest.mark.parametrize("message", EXAMPLES.values(), ids=EXAMPLES)
def test_no_golden_message_contradicts_itself(message):
    assert contradiction(message) is None


@pytest.mark.parametrize("order_type", OrderType)
@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("stop_price", PRICES)
def test_an_order_has_exactly_the_prices_of_its_type(order_type, price, stop_price):
    order = replace(EXAMPLES["new-order-limit"], order_type=order_type, price_e8=price, stop_price_e8=stop_price)
    wanted = {
        OrderType.MARKET: (None, None),
        OrderType.LIMIT: (5, None),
        OrderType.STOP: (None, 5),
        OrderType.STOP_LIMIT: (5, 5),
    }
    assert (contradiction(order) is None) == ((price, stop_price) == wanted[order_type])


@pytest.mark.parametrize("time_in_force", TimeInForce)
@pytest.mark.parametrize("expiry", [None, 0, 9])
def test_exactly_gtd_orders_have_an_expiry(time_in_force, expiry):
    order = replace(EXAMPLES["new-order-limit"], time_in_force=time_in_force, expires_at_us=expiry)
    assert (contradiction(order) is None) == ((time_in_force is TimeInForce.GTD) == (expiry is not None))


@pytest.mark.parametrize(
    "change",
    [{"cum_quantity_e8": 10**18}, {"leaves_quantity_e8": 10**18}, {"status": "canceled", "leaves_quantity_e8": 1}],
    ids=["overfill", "leaves beyond the total", "canceled but open"],
)
def test_an_engines_bad_arithmetic_reaches_the_order_core(change):
    assert contradiction(replace(EXAMPLES["execution-report-trade-full"], **change)) is None
