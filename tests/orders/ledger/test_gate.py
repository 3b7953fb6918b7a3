"""Does a new life of the order bridge count what the last one let in, and hold limits against it?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bridge.wire.vocabulary import ExecType, OrderType, Side
from orders.core.book import Book
from orders.core.gate.exposure import Exposure, Key, Sums
from orders.core.limits import Rule
from orders.core.outcomes import DeniedReply, OrderReply
from orders.core.scopes import FIRM, Scope
from orders.core.state import OrderState
from orders.instants import micros
from orders.ledger import Ledger
from orders.models import Order
from orders.requests import Caller
from tests.orders.core.desk import E8, MARKS, Desk
from tests.orders.core.gate.sheets import limit
from tests.orders.ledger.conftest import settle


@pytest.fixture
def busy(ledger: Ledger, words: Desk, trader: Caller) -> Ledger:
    """One order that has traded in part, one at market, one that was changed and not answered, one denied."""
    ledger.book.marks = MARKS
    first = placed(ledger, words, trader, "a", quantity_e8=100 * E8)
    settle(ledger, words.report(first, ExecType.TRADE, fill=(30, 150), seq=1))
    placed(ledger, words, trader, "m", order_type=OrderType.MARKET, price_e8=None, side=Side.SELL)
    third = placed(ledger, words, trader, "r", symbol="IBM")
    settle(ledger, words.replace_input(third.id, caller=trader, quantity_e8=200 * E8))
    ledger.book.limits = (limit(Rule.RESTRICTED, target=FIRM),)
    assert isinstance(answer(ledger, words, trader, "d"), DeniedReply)
    ledger.book.limits = ()
    return ledger


def answer(ledger: Ledger, words: Desk, trader: Caller, name: str, at_us: int | None = None, **fields: Any) -> Any:
    more = {} if at_us is None else {"at_us": at_us}
    return settle(ledger, words.place_input(name, caller=trader, **fields), **more).draft.replies[-1]


def placed(ledger: Ledger, words: Desk, trader: Caller, name: str, **fields: Any) -> OrderState:
    reply = answer(ledger, words, trader, name, **fields)
    assert isinstance(reply, OrderReply), reply
    return reply.order


def exposure(book: Book) -> Exposure:
    return book.gate.exposure(book)


def test_the_sums_are_the_same_after_a_restart(busy: Ledger, make_ledger: Callable[[], Ledger], trader: Caller) -> None:
    before = exposure(busy.book)
    after = exposure(make_ledger().book)
    assert before.sums == after.sums and before.orders == after.orders
    aapl = after.sums[Key(Scope.USER, trader.account.int, "AAPL")]
    assert aapl == Sums(2, 70 * E8, 100 * E8, (70 + 100) * 150 * E8 * E8, 30 * E8)
    assert after.sums[Key(Scope.FIRM, 0, "IBM")].buy_e8 == 200 * E8


def test_the_days_number_goes_on_and_what_was_denied_is_none(
    busy: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    now = timezone.now()
    Order.objects.update(created_at=now)
    Order.objects.filter(client_order_id="m").update(created_at=now - timedelta(days=1))
    book = make_ledger().book
    tempo = book.gate.tempo
    keys = [
        Key(Scope.FIRM),
        Key(Scope.DESK, trader.desk.int if trader.desk else 0),
        Key(Scope.USER, trader.account.int),
    ]
    assert [tempo.of_day_at(key, micros(now)) for key in keys] == [2, 2, 2]
    assert tempo.of_day_at(Key(Scope.FIRM, 0, "IBM"), micros(now)) == 1
    assert tempo.of_day_at(keys[0], micros(now + timedelta(days=1))) == 0


def test_what_was_placed_a_moment_ago_is_known(
    busy: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    now = timezone.now()
    Order.objects.update(created_at=now)
    tempo = make_ledger().book.gate.tempo
    assert tempo.rate.count(Key(Scope.FIRM), micros(now)) == 3
    assert tempo.rate.count(Key(Scope.FIRM), micros(now) + 1_000_000) == 0


def test_limits_are_held_against_what_an_earlier_life_let_in(
    busy: Ledger, make_ledger: Callable[[], Ledger], words: Desk, trader: Caller
) -> None:
    ledger = make_ledger()
    ledger.book.link, ledger.book.instruments = busy.book.link, busy.book.instruments
    ledger.book.marks = MARKS
    ledger.book.limits = (limit(Rule.MAX_POSITION, 101 * E8, FIRM),)
    assert isinstance(answer(ledger, words, trader, "more", quantity_e8=2 * E8), DeniedReply)
    assert isinstance(answer(ledger, words, trader, "edge", quantity_e8=1 * E8), OrderReply)
