"""Who is served first, and is anybody ever left out?"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.vocabulary import Side
from orders.bridge.holdings import Holdings
from orders.bridge.intake import BATCH_MAX, MOST, SHARES, Intake, Line, shared_out
from orders.core.inputs import Asked, Cancel, EngineBeat, Input, Place, Reconcile, Replace, Ticket
from orders.requests import Caller, ReconcileOrders
from tests.orders.core.desk import Desk
from tests.tradingmw.test_token_buckets import Hand

words = Desk()


def caller(number: int) -> Caller:
    return Caller(user=uuid.UUID(int=number), account=uuid.UUID(int=number), account_name=f"u{number}")


def place(user: int = 1, **terms: Any) -> Place:
    return words.place_input(caller=caller(user), **terms)


def cancel(user: int = 1) -> Cancel:
    return words.cancel_input(uuid.UUID(int=9), caller=caller(user))


def sell(quantity_e8: int, user: int = 1) -> Place:
    return place(user, side=Side.SELL, quantity_e8=quantity_e8)


@pytest.fixture
def holding() -> Intake:
    """User 1 holds 100 AAPL."""
    holdings = Holdings()
    holdings.begin({(uuid.UUID(int=1), "AAPL"): 100}, [])
    return Intake(holdings)


def users(batch: list[Input]) -> list[int]:
    return [each.request.caller.user.int for each in batch if isinstance(each, Place | Cancel)]


def test_cancels_come_before_the_engine_and_the_engine_before_new_orders() -> None:
    intake = Intake()
    intake.offer_request(place())
    intake.offer_engine([EngineBeat(1, 1)])
    intake.offer_request(cancel())
    assert [type(each) for each in intake.take(0)] == [Cancel, EngineBeat, Place]


def test_an_order_that_reduces_a_position_comes_before_new_ones_and_after_cancels(holding: Intake) -> None:
    buy, out = place(user=2), sell(100)
    for request in (buy, out, cancel()):
        holding.offer_request(request)
    assert [each if isinstance(each, Place) else type(each) for each in holding.take(0)] == [Cancel, out, buy]


def test_only_so_many_reduce_as_there_is_to_reduce(holding: Intake) -> None:
    asked: list[Asked] = [sell(60), sell(60), sell(40)]
    lines = []
    for request in asked:
        lines.append(holding.line_of(request))
        holding.offer_request(request)
    assert lines == [Line.REDUCING, Line.NEWS, Line.REDUCING]
    holding.take(0)
    assert holding.line_of(sell(100)) is Line.REDUCING


def test_what_waits_among_new_orders_gives_no_room_back_when_it_is_taken(holding: Intake) -> None:
    for _ in range(40):  # twice as much as can reduce
        holding.offer_request(sell(5))
    for _ in range(100):
        holding.offer_request(cancel())
    holding.take(0)
    left = int(holding.lines()["reducing_orders"])
    assert 0 < left < 20
    assert holding.line_of(sell(100 - 5 * left)) is Line.REDUCING
    assert holding.line_of(sell(101 - 5 * left)) is Line.NEWS


def test_what_operators_ask_comes_last(holding: Intake) -> None:
    compare = Reconcile(Ticket(b"operator", 1), ReconcileOrders(request_id=1, deadline_us=1))
    for request in (compare, place()):
        holding.offer_request(request)
    assert [type(each) for each in holding.take(0)] == [Place, Reconcile]


def test_a_change_waits_in_its_users_line_and_a_cancel_may_overtake_it() -> None:
    intake = Intake()
    change = words.replace_input(uuid.UUID(int=9), caller=caller(1))
    for request in (place(user=1), change, cancel(user=1)):
        intake.offer_request(request)
    assert [type(each) for each in intake.take(0)] == [Cancel, Place, Replace]


def test_the_engines_words_keep_their_order() -> None:
    intake = Intake()
    intake.offer_engine(EngineBeat(1, number) for number in range(BATCH_MAX + 10))
    heard = [*intake.take(0), *intake.take(0)]
    assert [beat.last_seq for beat in heard] == list(range(BATCH_MAX + 10))  # type: ignore[union-attr]


def test_what_is_given_back_comes_first_again() -> None:
    intake = Intake()
    intake.offer_engine(EngineBeat(1, number) for number in range(3))
    batch = intake.take(0)
    intake.offer_engine([EngineBeat(1, 3)])
    intake.give_back(batch)
    assert [beat.last_seq for beat in intake.take(0)] == [0, 1, 2, 3]  # type: ignore[union-attr]


def test_a_long_replay_does_not_shut_requests_out() -> None:
    intake = Intake()
    intake.offer_engine(EngineBeat(1, number) for number in range(1000))
    intake.offer_request(place())
    batch = intake.take(0)
    assert any(isinstance(each, Place) for each in batch) and len(batch) == BATCH_MAX


def test_a_storm_of_requests_does_not_shut_the_engine_out() -> None:
    intake = Intake()
    for _ in range(1000):
        intake.offer_request(cancel())
        intake.offer_request(place())
    intake.offer_engine(EngineBeat(1, number) for number in range(1000))
    kinds = Counter(type(each) for each in intake.take(0))
    assert kinds.total() == BATCH_MAX and min(kinds[Cancel], kinds[EngineBeat], kinds[Place]) >= 16


@given(st.lists(st.integers(0, 200), min_size=len(SHARES), max_size=len(SHARES)))
def test_every_line_has_its_share_and_no_room_is_left_while_somebody_waits(waiting: list[int]) -> None:
    given = shared_out(waiting)
    assert sum(given) == min(BATCH_MAX, sum(waiting))
    for share, count, taken in zip(SHARES.values(), waiting, given, strict=True):
        assert min(share, count) <= taken <= count


def test_users_take_turns() -> None:
    intake = Intake()
    for _ in range(200):
        intake.offer_request(place(user=1))
    intake.offer_request(place(user=2))
    assert users(intake.take(0))[:2] == [1, 2]


def test_a_flood_of_new_orders_refuses_no_cancel_and_no_way_out(holding: Intake) -> None:
    taken = [holding.offer_request(place(user=number)) for number in (1, 2) for _ in range(MOST[Line.NEWS])]
    assert not all(taken)
    assert holding.offer_request(cancel(user=1)) and holding.offer_request(sell(1))


def test_whoever_fills_a_line_leaves_room_for_who_comes_new() -> None:
    intake = Intake()
    for user in range(1, 8):
        while intake.offer_request(cancel(user)):
            pass
        assert intake.offer_request(cancel(user + 1))
    assert intake.lines()["cancels"] <= MOST[Line.CANCELS]


def test_one_user_may_fill_half_a_line() -> None:
    intake = Intake()
    assert sum(intake.offer_request(place()) for _ in range(MOST[Line.NEWS])) == MOST[Line.NEWS] // 2


def test_the_engine_is_left_to_wait() -> None:
    intake = Intake()
    assert intake.engine_has_room
    intake.offer_engine(EngineBeat(1, number) for number in range(20_000))
    assert not intake.engine_has_room


def test_the_backlog_tells_how_many_wait_how_long_and_how_fast_the_core_is() -> None:
    clock = Hand()
    intake = Intake(monotonic=clock)
    for _ in range(BATCH_MAX):
        intake.offer_request(place())
    clock.now += 3
    intake.offer_request(place())
    intake.offer_request(cancel())
    clock.now += 1
    backlog = intake.backlog()
    assert (backlog.waiting, backlog.oldest_seconds, backlog.pass_seconds) == (BATCH_MAX + 1, 4.0, 0.0)
    intake.take(0)
    clock.now += 2
    intake.take(0)
    assert tuple(intake.backlog()) == pytest.approx((0, 0.0, 0.4))


def test_time_in_which_nothing_was_to_do_is_no_pass() -> None:
    clock = Hand()
    intake = Intake(monotonic=clock)
    intake.take(0)
    clock.now += 60
    intake.take(0)
    assert intake.backlog().pass_seconds == 0


def test_taking_waits_for_the_first_input() -> None:
    intake = Intake()
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.extend(intake.take(20)))
    thread.start()
    intake.offer_request(place())
    thread.join(20)
    assert len(taken) == 1


def test_taking_from_nothing_ends_in_time() -> None:
    assert Intake().take(0.001) == []
