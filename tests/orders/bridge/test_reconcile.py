"""Are all differences between a real database and a real engine found, and does the command tell them?

The database and the engine's journal are written beforehand, 1 in 20 orders differing in one of six ways; then both
processes start.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console

from bench.reconcile_seed import REPAIRABLE
from orders.management.commands.reconcile import show
from tests.bridge.waiting import until
from tests.orders.bridge.processes import ROOT, Processes
from tests.scoreboard import Measured
from tradingmw.errors import Code, Unavailable

ORDERS = 1_000
LIMIT_SECONDS = 10.0
#: what is done to an order, and as what it is to be found
KINDS = {
    "lost_there": "not_at_engine",
    "canceled_there": "not_at_engine",
    "not_here": "not_here",
    "ended_here": "ended_here",
    "filled_there": "other_fills",
    "changed_there": "other_terms",
}


def python(pair: Processes, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=pair.environment, capture_output=True, text=True, timeout=120
    )


def reconciled(pair: Processes, *flags: str) -> tuple[int, dict[str, Any]]:
    ran = python(pair, "manage.py", "reconcile", "--json", *flags)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def seeded(pair: Processes, orders: int) -> dict[str, int]:
    """How many orders differ in which way; both sides run afterwards."""
    ran = python(pair, "-m", "bench.reconcile_seed", str(orders))
    assert ran.returncode == 0, ran.stderr
    differing: dict[str, int] = json.loads(ran.stdout)
    pair.start("engine")
    pair.start("orders")
    return differing


def seconds(run: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(run[name]) for name in ("beganAt", "endedAt"))
    return (ended - began).total_seconds()


def check_all_found(
    make_processes: Callable[[], Processes], orders: int, measured: Measured
) -> tuple[Processes, dict[str, Any]]:
    pair = make_processes()
    differing = seeded(pair, orders)
    pair.wait_live()
    code, first = reconciled(pair, "--last")
    expected: dict[str, int] = {}
    for done, count in differing.items():
        expected[KINDS[done]] = expected.get(KINDS[done], 0) + count
    found = [each["kind"] for each in first["differences"]]
    assert {kind: found.count(kind) for kind in set(found)} == expected
    repaired = sum(count for done, count in differing.items() if done in REPAIRABLE)
    assert (code, first["cause"], first["repaired"], first["gone"]) == (1, "start", repaired, 0)
    took = seconds(first)
    measured(8, f"{orders:,} open orders, differences found, of {sum(differing.values())}", len(found), "all")
    measured(8, f"{orders:,} open orders compared and settled, s", round(took, 2), f"≤ {LIMIT_SECONDS:.0f}")
    assert took <= LIMIT_SECONDS
    return pair, first


def test_every_difference_is_found_and_settled_or_flagged_before_new_orders_are_taken(
    make_processes: Callable[[], Processes], measured: Measured
) -> None:
    pair, first = check_all_found(make_processes, ORDERS, measured)
    code, second = reconciled(pair)
    assert (code, second["cause"], second["repaired"]) == (1, "asked", 0)
    flagged = {each["orderId"] for each in first["differences"] if each["finding"] == "flagged"}
    assert {each["orderId"] for each in second["differences"]} == flagged
    page = io.StringIO()
    show(Console(file=page, width=200), second)
    assert f"{len(flagged)} flagged" in page.getvalue() and "not_here" in page.getvalue()
    false_repairs = wrongly_changed(pair, first)
    measured(8, "orders changed that did not differ", false_repairs, "0")
    assert false_repairs == 0


def wrongly_changed(pair: Processes, run: dict[str, Any]) -> int:
    """Orders with more events than their acceptance and acknowledgement that were no difference."""
    found = {each["orderId"].replace("-", "") for each in run["differences"]}
    changed = pair.rows("SELECT order_id FROM orders_orderhistory WHERE number = 3")
    return len({order_id for (order_id,) in changed} - found)


@pytest.mark.long
def test_ten_thousand_open_orders_are_compared_and_settled_within_ten_seconds(
    make_processes: Callable[[], Processes], measured: Measured
) -> None:
    check_all_found(make_processes, 10_000, measured)


def test_without_an_engine_the_command_says_so_and_new_orders_are_refused_unwritten(
    make_processes: Callable[[], Processes],
) -> None:
    pair = make_processes()
    pair.start("orders")
    until(lambda: pair.state() is not None, "a bridge")
    ran = python(pair, "manage.py", "reconcile")
    assert (ran.returncode, "engine cannot be reached" in ran.stderr) == (2, True)
    with pytest.raises(Unavailable) as refused:
        pair.ask(pair.place("nobody-there"))
    assert (refused.value.code, bool(refused.value.retry_after_seconds)) == (Code.ENGINE_UNAVAILABLE, True)
    assert pair.rows("SELECT COUNT(*) FROM orders_order") == [(0,)]
