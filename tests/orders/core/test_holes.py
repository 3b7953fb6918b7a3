"""What does a hole in the reports do, however large, also within its repair, and numbers that go back? (Check 6)

Reports wait for their turn at the engine, not here: nothing past a hole is kept, so there is no length at which a hole
could not be filled, and none at which a snapshot would have to take the place of what happened.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest

from bridge.wire.messages import ExecutionReport, ReplayDone, ReplayRequest
from bridge.wire.vocabulary import ExecType
from orders.core.book import Phase
from orders.core.inputs import EngineBeat, LinkUp, Replayed, Reported, Tick
from orders.core.linking import REPLAY_AGAIN_US
from orders.core.state import Cursor, OrderState
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import E8, EPOCH, INSTRUMENTS, Desk
from tests.scoreboard import Measured

BATCH = 64
BEFORE, AFTER = 3, 5


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def order_of(desk: Desk, units: int) -> OrderState:
    return desk.acknowledged(quantity_e8=units * E8)


def trades(desk: Desk, order: OrderState, count: int) -> list[ExecutionReport]:
    """A unit each, the last ones of the order."""
    first = desk.book.cursor.seq + 1
    return [
        desk.report(order, ExecType.TRADE, fill=(1, 150), seq=first + done, cum_quantity_e8=(done + 1) * E8).report
        for done in range(count)
    ]


def batches(reports: Sequence[ExecutionReport]) -> Iterator[list[Reported]]:
    rest = iter(reports)
    while some := list(islice(rest, BATCH)):
        yield [Reported(report) for report in some]


def asked(desk: Desk) -> list[ReplayRequest]:
    return [message for message in desk.sent if isinstance(message, ReplayRequest)]


def done(desk: Desk, last_seq: int) -> Replayed:
    return Replayed(ReplayDone(session=desk.book.session, epoch=EPOCH, last_seq=last_seq, complete=True))


@pytest.mark.parametrize("missing", [1, 100, 20_000])
def test_nothing_past_a_hole_is_applied_and_a_replay_is_asked_for_at_once(
    desk: Desk, missing: int, measured: Measured
) -> None:
    order = order_of(desk, BEFORE + missing + AFTER)
    reports = trades(desk, order, BEFORE + missing + AFTER)
    desk.do(*map(Reported, reports[:BEFORE]))
    already = len(asked(desk))
    draft = desk.do(*map(Reported, reports[BEFORE + missing :]))
    past = desk.now(order).filled_e8 // E8 - BEFORE
    at_once = sum(isinstance(message, ReplayRequest) for message in draft.to_engine)
    assert (past, at_once, len(asked(desk)) - already) == (0, 1, 1)
    assert asked(desk)[-1].after_seq == reports[BEFORE - 1].seq
    filled(desk, reports)
    now = desk.now(order)
    assert (now.status, now.filled_e8) == (OrderStatus.FILLED, order.quantity_e8)
    assert desk.book.link.phase is Phase.LIVE
    measured(6, f"order reports applied past a hole of {missing:,}", past, "0")
    measured(6, f"ms until the replay of {missing:,} order reports is asked for", 0, "200")
    measured(6, f"units of an order that a hole of {missing:,} left unfilled", now.quantity_e8 - now.filled_e8, "0")


def filled(desk: Desk, reports: Sequence[ExecutionReport]) -> None:
    """The engine sends what was asked for, and says so."""
    for batch in batches(reports[asked(desk)[-1].after_seq - reports[0].seq + 1 :]):
        desk.do(*batch)
    desk.do(done(desk, reports[-1].seq))


def test_a_hole_within_the_replay_is_filled_by_the_next_one(desk: Desk, measured: Measured) -> None:
    order = order_of(desk, 20)
    reports = trades(desk, order, 20)
    desk.do(Reported(reports[-1]))
    desk.do(*map(Reported, reports[:5]), *map(Reported, reports[9:]))
    desk.do(done(desk, reports[-1].seq))
    assert desk.now(order).filled_e8 == 5 * E8
    before = len(asked(desk))
    desk.now_us += REPLAY_AGAIN_US
    desk.do(EngineBeat(EPOCH, reports[-1].seq))
    assert [request.after_seq for request in asked(desk)[before:]] == [reports[4].seq]
    desk.do(*map(Reported, reports[5:]), done(desk, reports[-1].seq))
    assert desk.now(order).status is OrderStatus.FILLED
    measured(6, "ms until the replay with a hole is asked for again", REPLAY_AGAIN_US // 1000, "200")


def test_holes_at_random_leave_the_same_as_none(measured: Measured) -> None:
    different = 0
    for seed in range(30):
        pick, desk = random.Random(seed), Desk()
        desk.go_live()
        order = order_of(desk, 30)
        reports = trades(desk, order, 30)
        for _ in range(200):
            begin = reports.index(next(each for each in reports if each.seq == desk.book.cursor.seq + 1))
            heard = [report for report in reports[begin:] if pick.random() < 0.8]
            desk.do(*map(Reported, heard), done(desk, reports[-1].seq))
            desk.now_us += REPLAY_AGAIN_US
            desk.do(Tick())
            if desk.book.cursor.seq == reports[-1].seq:
                break
        different += desk.now(order).filled_e8 != 30 * E8 or len(desk.executions) != 30
    assert different == 0
    measured(6, "orders that random holes in replays left otherwise, of 30", different, "0")


def test_a_trade_under_a_number_that_was_used_is_not_lost_in_silence(desk: Desk, measured: Measured) -> None:
    order = order_of(desk, 20)
    reports = trades(desk, order, 5)
    desk.do(*map(Reported, reports))
    back = desk.report(desk.now(order), ExecType.TRADE, fill=(1, 150), seq=reports[2].seq, exec_id="another")
    draft = desk.do(back)
    assert len(draft.quarantined) == len(draft.alarms) == 1
    assert desk.now(order).filled_e8 == 5 * E8
    assert not desk.do(Reported(reports[2])).quarantined
    measured(6, "order reports under a number used before that were applied, or ignored in silence", 0, "0")


def test_an_engine_whose_numbers_went_back_gets_no_orders(desk: Desk) -> None:
    order = order_of(desk, 20)
    desk.do(*map(Reported, trades(desk, order, 5)))
    draft = desk.do(LinkUp(EPOCH, 2, INSTRUMENTS))
    assert [alarm.sentence for alarm in draft.alarms] == [
        "The engine is behind what it has reported before: new orders stay closed"
    ]
    assert (desk.book.link.phase, desk.book.cursor) == (Phase.DOWN, Cursor(EPOCH, 6))
