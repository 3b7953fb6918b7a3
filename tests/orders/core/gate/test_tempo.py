"""Is what was placed lately counted within its window, by a clock that may be set, and only once it is written?"""

from __future__ import annotations

from orders.core.decide import decide
from orders.core.gate.exposure import Key
from orders.core.gate.tempo import DAY_US, RATE_US, Window
from orders.core.limits import Breach, Rule
from orders.core.outcomes import OrderReply
from orders.core.scopes import FIRM, Scope
from tests.orders.core.desk import ANN, E8, START_US
from tests.orders.core.gate.sheets import limit, live

WHOLE = Key(Scope.FIRM)


def test_a_window_counts_what_is_younger_than_it_is_wide() -> None:
    window = Window(RATE_US)
    for at_us in (START_US, START_US + 1, START_US + 2):
        window.add([WHOLE], at_us)
    assert window.count(WHOLE, START_US + RATE_US - 1) == 3
    assert window.count(WHOLE, START_US + RATE_US) == 2
    assert window.count(WHOLE, START_US + RATE_US + 2) == 0


def test_a_clock_that_is_set_back_far_begins_anew_and_a_little_counts_on() -> None:
    window = Window(RATE_US)
    window.add([WHOLE], START_US)
    assert window.count(WHOLE, START_US - RATE_US // 2) == 1
    assert window.count(WHOLE, START_US - 2 * RATE_US) == 0
    window.add([WHOLE], START_US - 2 * RATE_US)
    assert window.count(WHOLE, START_US - 2 * RATE_US) == 1


def test_what_was_decided_and_not_written_was_not_placed() -> None:
    desk = live()
    for number in range(5):
        decide(desk.book, [desk.place_input(f"lost-{number}")], desk.now_us)
    desk.book.limits = tuple(limit(rule, 1, FIRM) for rule in (Rule.ORDER_RATE, Rule.MAX_DAILY_ORDERS))
    assert isinstance(desk.do(desk.place_input("kept")).replies[-1], OrderReply)


def test_a_token_that_was_used_in_what_was_not_written_is_still_good() -> None:
    desk = live(limit(Rule.MAX_ORDER_QUANTITY, E8, FIRM, Breach.CONFIRM))
    desk.do(desk.place_input()._replace(token="t-1"))
    meant = desk.place_input(confirmation_token="t-1")
    assert isinstance(decide(desk.book, [meant], desk.now_us).replies[-1], OrderReply)
    assert isinstance(desk.do(meant).replies[-1], OrderReply)


def test_at_midnight_the_day_begins_anew() -> None:
    desk = live(limit(Rule.MAX_DAILY_ORDERS, 1, FIRM))
    desk.now_us = (START_US // DAY_US + 1) * DAY_US - 1
    desk.place("last")
    assert not isinstance(desk.do(desk.place_input("over")).replies[-1], OrderReply)
    desk.now_us += 1
    assert desk.place("first").account == ANN.account
