"""Do busts, corrections and telephone orders of a real engine reach the rows through a real bridge?"""

from __future__ import annotations

import uuid

import pytest

from bridge.simulator.market_control import DIRECTORY, AnyInstruction, Bust, Correct, EnterOrder, instruct
from bridge.wire.vocabulary import ExecType, Side
from orders.requests import AmendExecution, OrderAnswer
from tests.bridge.waiting import until
from tests.orders.bridge.processes import E8, Processes


@pytest.fixture
def live(pair: Processes) -> Processes:
    pair.wait_live()
    return pair


def stepped_in(pair: Processes, instruction: AnyInstruction) -> str:
    """What the engine answers once it has done it."""
    said = instruct(pair.directory / "engine" / DIRECTORY, instruction)
    until(said.exists, "the engine's answer")
    return said.read_text(encoding="utf-8")


def order_row(pair: Processes, name: str) -> tuple[str, int]:
    sql = f"SELECT status, filled_quantity FROM orders_order WHERE client_order_id = '{name}'"
    ((status, filled_e8),) = pair.rows(sql)
    return status, filled_e8 // E8


def bought(pair: Processes, name: str) -> list[str]:
    """10 AAPL at market; the ids of its trades."""
    pair.ask(pair.place(name, wait_seconds=5))
    until(lambda: order_row(pair, name) == ("filled", 10), "the fill")
    return [report.exec_id for report in pair.reported()[name] if report.exec_type is ExecType.TRADE]


def held(pair: Processes) -> int:
    return int(pair.rows("SELECT quantity FROM orders_position WHERE symbol = 'AAPL'")[0][0]) // E8


def test_a_bust_takes_back_what_was_bought(live: Processes) -> None:
    trades = bought(live, "bust-1")
    before = held(live)
    for exec_id in trades:
        assert stepped_in(live, Bust(exec_id=exec_id)) == f"{exec_id} is void."
    until(lambda: order_row(live, "bust-1") == ("canceled", 0), "the bust")
    assert held(live) == before - 10
    statuses = live.rows("SELECT DISTINCT status FROM orders_execution")
    assert statuses == [("busted",)]


def test_a_correction_changes_what_was_paid(live: Processes) -> None:
    exec_id = bought(live, "correct-1")[0]
    correction = Correct(exec_id=exec_id, quantity_e8=10 * E8, price_e8=3 * E8)
    assert stepped_in(live, correction) == f"{exec_id} is corrected."
    sql = f"SELECT price, quantity FROM orders_execution WHERE ref_exec_id = '{exec_id}' AND status = 'live'"
    until(lambda: live.rows(sql) == [(3 * E8, 10 * E8)], "the correction")


def test_an_operators_word_goes_through_the_bridge(live: Processes) -> None:
    exec_id = bought(live, "manual-1")[0]
    ((order_id,),) = live.rows("SELECT id FROM orders_order WHERE client_order_id = 'manual-1'")
    word = AmendExecution(
        request_id=1,
        deadline_us=0,
        operator=live.caller.user,
        operator_name="ops1",
        order_id=uuid.UUID(order_id),
        exec_id=exec_id,
        amendment_id="manual-1",
        note="busted by telephone",
    )
    answer = live.ask(live.client.ask(word, OrderAnswer)).order
    assert (answer["status"], answer["filledQuantity"]) == ("canceled", "0")
    assert live.rows(f"SELECT status FROM orders_execution WHERE exec_id = '{exec_id}'") == [("busted",)]


def test_an_order_by_telephone_is_taken_in_and_can_be_cancelled(live: Processes) -> None:
    order = EnterOrder(
        order_id=uuid.uuid4(),
        account="ann",
        client_order_id="phone-1",
        symbol="MSFT",
        side=Side.BUY,
        quantity_e8=10 * E8,
        price_e8=E8,
    )
    assert stepped_in(live, order).endswith("is entered.")
    sql = "SELECT external, status FROM orders_order WHERE client_order_id = 'phone-1'"
    until(lambda: live.rows(sql) == [(1, "new")], "the order")
    live.ask(live.cancel(str(order.order_id)))
    until(lambda: live.status_of("phone-1") == "canceled", "the cancel")
    assert "The engine holds an order that was not sent from here" in live.log("orders")
    engine_log = live.log("engine")
    assert "Traceback" not in engine_log


def test_all_of_it_is_known_to_an_engine_that_was_killed(live: Processes) -> None:
    exec_id = bought(live, "bust-2")[0]
    stepped_in(live, Bust(exec_id=exec_id))
    live.kill("engine")
    live.start("engine")
    live.wait_live()
    assert stepped_in(live, Bust(exec_id=exec_id)) == f"Refused: {exec_id} is void already."
    until(lambda: order_row(live, "bust-2")[0] == "canceled", "the bust")
