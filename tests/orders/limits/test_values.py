"""Is each rule's value in its unit, and is what nobody can mean refused with a sentence?"""

from __future__ import annotations

import pytest

from orders.core.limits import Breach, Rule
from orders.limits.values import UNITS, breach_possible, scaled_value, value_text
from tradingmw.errors import InvalidRequest


def test_every_rule_but_the_trading_state_has_a_unit() -> None:
    assert set(UNITS) == set(Rule) - {Rule.TRADING_STATE}


@pytest.mark.parametrize(
    ("rule", "text", "scaled"),
    [
        (Rule.MAX_ORDER_QUANTITY, "1000", 1000 * 10**8),
        (Rule.MAX_ORDER_NOTIONAL, "1000000.5", 10_000_005_000),
        (Rule.PRICE_COLLAR, "7.5", 75_000),
        (Rule.MAX_POSITION, "0", 0),
        (Rule.MAX_OPEN_ORDERS, "100", 100),
        (Rule.RESTRICTED, None, 0),
    ],
)
def test_a_value_is_scaled_by_its_rule_and_shown_again(rule: Rule, text: str | None, scaled: int) -> None:
    assert scaled_value(rule, text) == scaled
    assert value_text(rule, scaled) == text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule.MAX_ORDER_QUANTITY, "0"),
        (Rule.MAX_ORDER_QUANTITY, "-5"),
        (Rule.MAX_ORDER_QUANTITY, None),
        (Rule.MAX_ORDER_QUANTITY, ""),
        (Rule.MAX_ORDER_QUANTITY, "1e3"),
        (Rule.MAX_ORDER_QUANTITY, "NaN"),
        (Rule.MAX_ORDER_QUANTITY, "99999999999999999999"),
        (Rule.MAX_ORDER_QUANTITY, "0.000000001"),
        (Rule.MAX_ORDER_QUANTITY, "1" * 41),
        (Rule.PRICE_COLLAR, "100.0001"),
        (Rule.PRICE_COLLAR, "0"),
        (Rule.MAX_OPEN_ORDERS, "1.5"),
        (Rule.ORDER_RATE, "0"),
        (Rule.MAX_POSITION, "-1"),
        (Rule.RESTRICTED, "1"),
        (Rule.REFERENCE_PRICE, "1"),
    ],
)
def test_what_nobody_can_mean_is_refused(rule: Rule, text: str | None) -> None:
    with pytest.raises(InvalidRequest):
        scaled_value(rule, text)


def test_nobody_can_be_asked_about_a_rate() -> None:
    assert not breach_possible(Rule.ORDER_RATE, Breach.CONFIRM)
    assert breach_possible(Rule.ORDER_RATE, Breach.DENY) and breach_possible(Rule.MAX_ORDER_NOTIONAL, Breach.APPROVE)
