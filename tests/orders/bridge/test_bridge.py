"""Does an order get through a real bridge to a real engine, and does it survive the death of either?

What happened is read from the engine's journal and from the database: no accepted order may be lost or doubled, and
each must stand here as the engine says.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

import pytest

from orders.requests import OrderAnswer
from tests.bridge.waiting import until
from tests.orders.bridge.processes import E8, ROOT, Processes
from tests.orders.bridge.story import both_tell_the_same_story, settled
from tests.scoreboard import Measured
from tradingmw.correlation import serving
from tradingmw.errors import Code, OutcomeUnknown, TradingError, Unavailable

BURST = 120
WORKERS = 8


@pytest.fixture
def live(pair: Processes) -> Processes:
    pair.wait_live()
    return pair


def test_an_order_that_trades_at_once_is_filled_and_the_answer_waits_for_the_engine(live: Processes) -> None:
    answer = live.ask(live.place("at-once-1", wait_seconds=5))
    assert answer.created and answer.order["status"] != "pending_new", answer.order
    assert answer.last_event_id > 0
    until(lambda: live.status_of("at-once-1") == "filled", "the fill")
    ((quantity,),) = live.rows("SELECT quantity FROM orders_position WHERE symbol = 'AAPL'")
    assert quantity >= 10 * E8


def test_a_resting_order_is_new_and_can_be_canceled(live: Processes) -> None:
    order = live.ask(live.place("resting-1", price=1, wait_seconds=5)).order
    assert (order["status"], order["filledQuantity"]) == ("new", "0")
    assert live.ask(live.cancel(order["id"])).order["status"] == "pending_cancel"
    until(lambda: live.status_of("resting-1") == "canceled", "the cancel")
    with pytest.raises(TradingError) as refused:
        live.ask(live.cancel(order["id"]))
    assert refused.value.code is Code.ORDER_FINAL


def test_an_accepted_order_is_durable_when_the_answer_comes(live: Processes) -> None:
    live.ask(live.place("durable-1", price=1))
    assert live.rows("SELECT COUNT(*) FROM orders_order WHERE client_order_id = 'durable-1'") == [(1,)]


def test_what_was_written_leaves_the_log_although_no_commit_moves_it(live: Processes) -> None:
    def written_at() -> int:
        return (live.directory / "tradingmw.sqlite3").stat().st_mtime_ns

    before = written_at()
    live.ask(live.place("moved-1", price=1))
    until(lambda: written_at() > before, "a write to the database's file itself")


def test_fifty_equal_requests_at_once_make_one_order(live: Processes, measured: Measured) -> None:
    async def together() -> list[OrderAnswer]:
        return await asyncio.gather(*[live.place("same-1", price=1) for _ in range(50)])

    answers = live.ask(together())
    assert len({answer.order["id"] for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    until(lambda: live.status_of("same-1") == "new", "the engine's word")
    at_the_engine = sum(command.client_order_id == "same-1" for command in live.received())
    measured(7, "orders at the engine from 50 equal requests at once", at_the_engine, "1")
    assert at_the_engine == 1


def test_cancel_all_ends_every_open_order(live: Processes) -> None:
    for number in range(5):
        live.ask(live.place(f"open-{number}", price=1))
    items = live.ask(live.cancel_all()).items
    assert len(items) >= 5
    until(lambda: not open_orders(live), "no open order")


def test_nonsense_at_the_door_disturbs_nobody(live: Processes) -> None:
    for nonsense in (b"", b"\x00", b"\xff" * 100, b"\x80", b"\x81\xa4type\xaaPlaceOrder"):
        live.client._port.send([nonsense])
        live.client._port.send([nonsense, nonsense])
    assert live.ask(live.place("after-nonsense", price=1)).created


@pytest.mark.parametrize("victim", ["orders", "engine"])
def test_no_order_is_lost_or_doubled_when_one_of_them_is_killed(live: Processes, victim: str) -> None:
    accepted: set[str] = set()
    halfway = asyncio.Event()

    async def careful_client(names: list[str]) -> None:
        """Repeats what was not answered under the same id."""
        while names:
            try:
                await live.place(names[-1], price=1 if names[-1][-1] in "13579" else None)
            except Unavailable:
                await asyncio.sleep(0.02)
            else:
                accepted.add(names.pop())
                if len(accepted) > BURST // 3:
                    halfway.set()

    async def burst() -> None:
        names = [f"{victim}-{number}" for number in range(BURST)]
        workers = [asyncio.create_task(careful_client(names[start::WORKERS])) for start in range(WORKERS)]
        await halfway.wait()
        live.kill(victim)
        live.start(victim)
        await asyncio.gather(*workers)

    live.ask(burst())
    live.wait_live()
    until(lambda: settled(live, accepted), f"every order settled: {Counter(live.statuses().values())}")
    assert len(accepted) == BURST
    both_tell_the_same_story(live, accepted)


def test_while_the_engine_is_away_new_orders_are_refused_and_cancels_are_kept(live: Processes) -> None:
    order = live.ask(live.place("kept-1", price=1, wait_seconds=5)).order
    live.kill("engine")
    until(lambda: (state := live.state()) and not state.live, "the loss of the link")
    with pytest.raises(Unavailable) as refused:
        live.ask(live.place("never-1", price=1))
    assert refused.value.code is Code.ENGINE_UNAVAILABLE
    assert live.ask(live.cancel(order["id"])).order["status"] == "pending_cancel"
    live.start("engine")
    live.wait_live()
    until(lambda: live.status_of("kept-1") == "canceled", "the kept cancel")
    assert "never-1" not in live.statuses()


def test_a_stop_ends_the_bridge_cleanly_and_the_next_one_goes_on(live: Processes) -> None:
    live.ask(live.place("before-stop", price=1, wait_seconds=5))
    process = live.process("orders")
    live.close_input("orders")
    until(lambda: live.exit_code("orders") is not None, "the end of the bridge")
    assert live.exit_code("orders") == 0
    assert not process.is_running()
    live.start("orders")
    live.wait_live()
    assert live.status_of("before-stop") == "new"


def test_without_a_bridge_a_request_is_refused_at_once_and_nothing_is_written(
    make_processes: Callable[[], Processes],
) -> None:
    pair = make_processes()
    until(lambda: time.monotonic() - pair.client._opened_at > 2, "the end of the first connection's grace")
    with pytest.raises(Unavailable) as refused:
        pair.ask(pair.place("nobody-1"))
    assert refused.value.code is Code.ORDER_BRIDGE_UNAVAILABLE
    assert refused.value.extra["outcome"] == "none"


def test_an_engine_that_has_forgotten_everything_has_lost_its_orders(make_processes: Callable[[], Processes]) -> None:
    pair = make_processes()
    pair.start("engine")
    pair.start("orders")
    pair.wait_live()
    pair.ask(pair.place("lost-1", price=1, wait_seconds=5))
    pair.kill("engine")
    pair.start("engine", "--forget")
    until(lambda: pair.status_of("lost-1") == "canceled", "the loss")
    assert pair.rows("SELECT reason FROM orders_order") == [("ENGINE_LOST",)]
    until(lambda: "The engine has lost an order" in pair.log("orders"), "the alarm")
    pair.wait_live()
    assert pair.ask(pair.place("next-1", price=1, wait_seconds=5)).order["status"] == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_a_frozen_bridge_is_noticed_and_what_it_finds_too_late_is_not_done(
    make_processes: Callable[[], Processes],
) -> None:
    pair = make_processes()
    pair.start("engine")
    pair.start("orders")
    pair.wait_live()
    pair.process("orders").suspend()
    with pytest.raises(OutcomeUnknown):
        pair.ask(pair.place("late-1", price=1))
    until(lambda: refused_at_once(pair), "the frozen bridge was noticed")
    pair.process("orders").resume()
    pair.wait_live()
    pair.ask(pair.place("after-1", price=1))
    assert "late-1" not in pair.statuses()


def test_a_bridge_whose_lease_was_taken_ends(make_processes: Callable[[], Processes]) -> None:
    pair = make_processes()
    pair.start("engine")
    pair.start("orders")
    pair.wait_live()
    pair.take_lease()
    until(lambda: pair.exit_code("orders") is not None, "the end of the fenced bridge")
    assert pair.exit_code("orders") != 0
    assert "Fenced" in pair.log("orders")


# --- what is compared ----------------------------------------------------------------------------------------------
def open_orders(pair: Processes) -> list[str]:
    return [name for name, status in pair.statuses().items() if status in ("pending_new", "new", "pending_cancel")]


def refused_at_once(pair: Processes) -> bool:
    try:
        pair.ask(pair.place("probe", price=1))
    except OutcomeUnknown:
        return False
    except Unavailable:
        return True
    return False


def test_each_event_has_the_stamps_of_its_hops_and_the_command_tells_them(live: Processes) -> None:
    with serving("hops"):
        order = live.ask(live.place("hops-1", price=1, wait_seconds=5)).order
    asked, told = live.rows(
        "SELECT received_us, committed_us, sent_us, engine_us, arrived_us FROM orders_orderhistory"
        f" WHERE order_id = '{order['id'].replace('-', '')}' ORDER BY number"
    )
    assert 0 < asked[0] <= asked[4] and asked[1:4] == (0, 0, 0)
    assert asked[4] <= told[1] <= told[2] <= told[3] <= told[4] and told[0] == 0
    command = [sys.executable, "manage.py", "latency", "--json"]
    ran = subprocess.run(command, cwd=ROOT, env=live.environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    hops = json.loads(ran.stdout)
    assert list(hops) == ["web", "decide", "commit", "send", "engine", "report", "apply", "order"]
    assert hops["order"]["count"] >= 1 and hops["order"]["p50"] <= hops["order"]["max"]
