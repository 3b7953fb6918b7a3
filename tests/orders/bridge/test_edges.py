"""Do 32 orders that come at once ever get past a limit together, and is each refusal told and kept?

A real order bridge, engine and feed. What was let in is counted in the database, not in the answers.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orders.core.limits import Rule
from orders.requests import OrderAnswer
from tests.bridge.waiting import until
from tests.orders.bridge.processes import E8, ROOT, Processes
from tests.scoreboard import Measured
from tradingmw.errors import InvalidRequest

AT_ONCE, MOST = 32, 10
E4 = 10**4
#: rule, symbol, value: orders are of 10 at a price of 1, so that ten of them reach each
SHEET = [
    (Rule.MAX_OPEN_ORDERS, "AAPL", MOST),
    (Rule.MAX_DAILY_ORDERS, "AAPL", 2 * MOST),
    (Rule.MAX_POSITION, "MSFT", MOST * 10 * E8),
    (Rule.MAX_OPEN_NOTIONAL, "GOOG", MOST * 10 * E4),
    (Rule.DUPLICATE_ORDERS, "FB", MOST),
    (Rule.ORDER_RATE, "IBM", MOST),
    (Rule.MAX_ORDER_QUANTITY, "IBM", 1_000 * E8),
    (Rule.MAX_ORDER_NOTIONAL, "IBM", 10_000 * E4),
    (Rule.PRICE_COLLAR, "IBM", 5 * E4),
]
SET_UP = """
import json, sys
import django
django.setup()
from django.utils import timezone
from accounts.models import User
from orders.limits.loading import revision_advance
from orders.models import RiskLimit
user, now = User.objects.get(username="ann"), timezone.now()
for rule, symbol, value in json.loads(sys.argv[1]):
    RiskLimit.objects.create(rule=rule, scope="user", subject=user, symbol=symbol, value=value, state="approved",
                             effective_from=now, proposed_by=user, proposed_at=now)
revision_advance()
"""


@pytest.fixture(scope="module")
def bound(make_processes: Callable[[], Processes]) -> Iterator[Processes]:
    """A desk that trades under the sheet."""
    processes = make_processes()
    settings = {**processes.environment, "DJANGO_SETTINGS_MODULE": "tradingmw.settings"}
    words = [sys.executable, "-c", SET_UP, json.dumps(SHEET)]
    subprocess.run(words, env=settings, cwd=ROOT, check=True, timeout=120)
    for name in ("engine", "feed", "orders"):
        processes.start(name)
    processes.wait_live()
    yield processes


def rush(bound: Processes, symbol: str, wave: str = "", **fields: Any) -> list[OrderAnswer | InvalidRequest]:
    """32 at once."""

    async def together() -> list[Any]:
        names = [f"{symbol}{wave}-{number}" for number in range(AT_ONCE)]
        orders = [bound.place(name, price=1, symbol=symbol, **fields) for name in names]
        return await asyncio.gather(*orders, return_exceptions=True)

    answers = bound.ask(together())
    assert all(isinstance(answer, OrderAnswer | InvalidRequest) for answer in answers), answers
    return answers


def rules_of(answers: list[OrderAnswer | InvalidRequest]) -> set[str]:
    """What the refused ones broke; each of them is stored as denied and says so."""
    refused = [answer for answer in answers if isinstance(answer, InvalidRequest)]
    assert all(error.code == "RISK_LIMIT" and error.extra["order"]["status"] == "denied" for error in refused)
    return {rule["rule"] for error in refused for rule in error.extra["rules"]}


def let_in(bound: Processes, symbol: str, what: str = "COUNT(*)", also: str = "") -> int:
    """By the database; all of them are open, or were."""
    ((found,),) = bound.rows(f"SELECT {what} FROM orders_order WHERE symbol = '{symbol}' AND status <> 'denied' {also}")
    return int(found or 0)


@pytest.mark.parametrize(
    ("rule", "symbol", "what", "limit"),
    [
        (Rule.MAX_POSITION, "MSFT", "SUM(quantity)", MOST * 10 * E8),
        (Rule.MAX_OPEN_NOTIONAL, "GOOG", f"SUM(quantity / {E8} * price)", MOST * 10 * E8),
    ],
)
def test_sums_reach_their_limit_and_never_pass_it(
    bound: Processes, measured: Measured, rule: Rule, symbol: str, what: str, limit: int
) -> None:
    assert rules_of(rush(bound, symbol)) == {rule.value}
    total = let_in(bound, symbol, what)
    measured(
        14, f"32 at once: {rule.value} by the database, of a limit of {limit // E8}", total // E8, f"{limit // E8}"
    )
    assert total == limit


def test_open_orders_and_those_of_a_day_never_pass_their_number(bound: Processes, measured: Measured) -> None:
    assert rules_of(rush(bound, "AAPL", "a")) == {"max_open_orders"}
    still_open = "AND status NOT IN ('canceled')"
    first = let_in(bound, "AAPL", also=still_open)
    bound.ask(bound.cancel_all())
    until(lambda: not let_in(bound, "AAPL", also=still_open), "their ends")
    assert rules_of(rush(bound, "AAPL", "b")) == {"max_open_orders", "max_daily_orders"}
    second, of_day = let_in(bound, "AAPL", also=still_open), let_in(bound, "AAPL")
    measured(14, f"32 at once: open orders, of {MOST}", max(first, second), f"{MOST}")
    measured(14, f"32 at once: orders of the day, of {2 * MOST}", of_day, f"{2 * MOST}")
    assert (first, second, of_day) == (MOST, MOST, 2 * MOST)


@pytest.mark.parametrize(
    ("rule", "symbol", "within_us"),
    [(Rule.DUPLICATE_ORDERS, "FB", 2_000_000), (Rule.ORDER_RATE, "IBM", 1_000_000)],
)
def test_no_stretch_of_time_holds_more_than_its_limit(
    bound: Processes, measured: Measured, rule: Rule, symbol: str, within_us: int
) -> None:
    assert rules_of(rush(bound, symbol)) <= {rule.value}
    densest = most_within(placed_at(bound, symbol), within_us)
    measured(14, f"32 at once: {rule.value}, of {MOST}", densest, f"{MOST}")
    assert densest == MOST


def placed_at(bound: Processes, symbol: str) -> list[int]:
    """Microseconds, in order."""
    seconds = "CAST(ROUND((julianday(created_at) - 2440587.5) * 86400000000) AS INTEGER)"
    rows = bound.rows(f"SELECT {seconds} FROM orders_order WHERE symbol = '{symbol}' AND status <> 'denied'")
    return sorted(at for (at,) in rows)


def most_within(times: list[int], width_us: int) -> int:
    return max(bisect_left(times, start + width_us - 1_000) - place for place, start in enumerate(times))


def test_each_refusal_has_its_code_and_its_audit_row(bound: Processes, measured: Measured) -> None:
    breaches: dict[str, dict[str, Any]] = {
        "max_order_quantity": {"price": 1, "quantity_e8": 1_001 * E8},
        "max_order_notional": {"price": 101, "quantity_e8": 100 * E8},
        "price_collar": {"price": 100_000, "quantity_e8": E8},
    }
    until(lambda: told(bound, "fresh", price=100_000) != "STALE_PRICE", "prices of the market")
    for rule, fields in breaches.items():
        assert rule in told_rules(bound, f"breach-{rule}", **fields)
    denied = dict(
        bound.rows("SELECT client_order_id, reason FROM orders_order WHERE status = 'denied' AND version = 1")
    )
    audited = Counter(
        json.loads(details)["clientOrderId"]
        for (details,) in bound.rows("SELECT details FROM accounts_auditlog WHERE action = 'order.denied'")
    )
    at_the_engine = denied.keys() & {command.client_order_id for command in bound.received()}
    without = [name for name, reason in denied.items() if not reason or audited[name] != 1]
    measured(14, f"orders over a limit without code or audit row, of {len(denied)}", len(without), "0")
    measured(14, f"orders over a limit that reached the engine, of {len(denied)}", len(at_the_engine), "0")
    assert audited.total() == len(denied) > AT_ONCE and (without, at_the_engine) == ([], set())


def refused(bound: Processes, client_order_id: str, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        bound.ask(bound.place(client_order_id, symbol="IBM", **fields))
    return raised.value


def told(bound: Processes, client_order_id: str, **fields: Any) -> str:
    numbers = len(bound.rows("SELECT id FROM orders_order"))
    return refused(bound, f"{client_order_id}-{numbers}", **fields).code.value


def told_rules(bound: Processes, client_order_id: str, **fields: Any) -> set[str]:
    return {rule["rule"] for rule in refused(bound, client_order_id, **fields).extra["rules"]}
