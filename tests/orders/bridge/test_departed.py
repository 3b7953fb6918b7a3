"""Does the first report that answers a command know when that command left?"""

from __future__ import annotations

from bridge.wire.messages import CancelOrder, NewOrder
from bridge.wire.vocabulary import ExecType
from orders.bridge.departed import REMEMBERED_MAX, Departed
from orders.core.hops import Hops
from tests.orders.core.desk import Desk


def test_the_report_of_a_new_order_has_the_hops_of_its_command_once() -> None:
    desk, departed = Desk(), Departed()
    desk.go_live()
    order = desk.place()
    departed.note(desk.last(NewOrder), committed_us=5, sent_us=6)
    report = desk.report(order, ExecType.NEW).report
    happened_us = report.transacted_at_us
    assert departed.hops(report, 9) == Hops(committed_us=5, sent_us=6, engine_us=happened_us, arrived_us=9)
    assert departed.hops(report, 10) == Hops(engine_us=happened_us, arrived_us=10)


def test_a_trade_answers_no_command_and_leaves_a_cancels_stamps_alone() -> None:
    desk, departed = Desk(), Departed()
    desk.go_live()
    order = desk.acknowledged()
    desk.do(desk.cancel_input(order.id))
    departed.note(desk.last(CancelOrder), committed_us=5, sent_us=6)
    assert departed.hops(desk.report(order, ExecType.TRADE, fill=(1, 150)).report, 9).sent_us == 0
    assert departed.hops(desk.report(order, ExecType.CANCELED).report, 9).sent_us == 6


def test_what_is_never_answered_is_forgotten_in_the_end() -> None:
    desk, departed = Desk(), Departed()
    desk.go_live()
    orders = [desk.place(f"a-{number}") for number in range(2)]
    first, second = [message for message in desk.sent if isinstance(message, NewOrder)]
    departed.note(first, 1, 1)
    for _ in range(REMEMBERED_MAX):
        departed.note(second, 2, 2)
    assert departed.hops(desk.report(orders[0], ExecType.NEW).report, 9).sent_us == 1
    assert departed.hops(desk.report(orders[1], ExecType.NEW).report, 9).sent_us == 2
