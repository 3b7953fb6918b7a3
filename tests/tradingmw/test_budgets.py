"""Has every user his own budget, by his tier, and for cancels apart?"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.tradingmw.test_token_buckets import Hand
from tradingmw.budgets import Pace, Purse, Tier, UserBudgets, paces_of
from tradingmw.env import Env, faults


def test_a_tier_has_its_part_of_the_standard_and_cancels_as_everybody() -> None:
    paces = paces_of(Env(writes_per_second=10, writes_burst=20, low_tier_percent=50, high_tier_percent=300))
    assert [paces[Purse.WRITES, tier] for tier in Tier] == [Pace(5, 10), Pace(10, 20), Pace(30, 60)]
    assert len({paces[Purse.CANCELS, tier] for tier in Tier}) == 1


def test_the_least_that_anybody_has_is_one() -> None:
    paces = paces_of(Env(writes_per_second=1, writes_burst=1, low_tier_percent=1))
    assert paces[Purse.WRITES, Tier.LOW] == Pace(1, 1)


def test_unless_set_a_user_may_write_a_thousand_times_a_second() -> None:
    paces = paces_of(Env())
    assert paces[Purse.WRITES, Tier.STANDARD] == Pace(1_000, 2_000)
    assert paces[Purse.CANCELS, Tier.LOW] >= paces[Purse.WRITES, Tier.STANDARD]


def test_orders_leave_cancels_alone() -> None:
    budgets = UserBudgets({(purse, tier): Pace(1, 2) for purse in Purse for tier in Tier}, Hand())
    orders = [budgets.take("ann").wait_seconds > 0 for _ in range(3)]
    cancels = [budgets.take("ann", Purse.CANCELS).wait_seconds > 0 for _ in range(3)]
    assert orders == cancels == [False, False, True]
    assert budgets.take("bob").remaining == 1
    assert budgets.refused == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("writes_per_second", "0"),
        ("writes_burst", "many"),
        ("low_tier_percent", "101"),
        ("low_tier_percent", "0"),
        ("high_tier_percent", "99"),
        ("cancels_per_second", "-1"),
        ("cancels_burst", "0"),
        ("overload_wait_ms", "5"),
        ("overload_waiting", "4097"),
        ("overload_waiting", "1.5"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Env(**{name: value})
    assert [fault.split(":")[0] for fault in faults(caught.value)] == [f"TMW_{name.upper()}"]
