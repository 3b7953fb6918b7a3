"""How many symbols may one socket follow, and what is it told of those beyond?"""

from __future__ import annotations

import pytest

from marketdata.consumers import FOLLOWED, HIDDEN, NOT_CARRIED, TOO_MANY, MarketConsumer, refusal
from marketdata.hub.options import PLAIN
from marketdata.hub.subscriber import Subscriber
from marketdata.items import Channel
from tests.marketdata.hub.model import Socket
from tradingmw.env import env
from tradingmw.errors import Code

LIMIT = env().market_subscriptions


class Exchange:
    """Carries every symbol but one."""

    def carries(self, symbol: str) -> bool:
        return symbol != "ZZZZ"


@pytest.fixture
def consumer() -> MarketConsumer:
    """A socket that may follow two symbols more."""
    consumer = MarketConsumer()
    consumer.subscriber = Subscriber(Socket(), "json")
    consumer.subscriber.wants = {
        Channel.TRADES: {f"T{number}": PLAIN for number in range(LIMIT - 3)},
        Channel.QUOTES: {"OLD": PLAIN},
    }
    return consumer


def answers(consumer: MarketConsumer, *symbols: str, hidden: frozenset[str] = frozenset()) -> dict[str, object]:
    return dict(consumer._answers(Exchange(), Channel.QUOTES, symbols, hidden))  # type: ignore[arg-type]


def test_symbols_beyond_the_limit_are_refused_one_by_one(consumer: MarketConsumer) -> None:
    asked = answers(consumer, "A", "ZZZZ", "B", "C")
    assert asked == {"A": FOLLOWED, "ZZZZ": NOT_CARRIED, "B": FOLLOWED, "C": TOO_MANY}
    assert TOO_MANY.code is Code.SUBSCRIPTION_LIMIT


def test_what_ones_rights_do_not_include_takes_no_place(consumer: MarketConsumer) -> None:
    asked = answers(consumer, "SECRET", "A", "B", "C", hidden=frozenset({"SECRET"}))
    assert asked == {"SECRET": HIDDEN, "A": FOLLOWED, "B": FOLLOWED, "C": TOO_MANY}


def test_what_is_followed_already_may_be_followed_in_another_way(consumer: MarketConsumer) -> None:
    assert answers(consumer, "A", "B", "OLD", "C")["OLD"] is FOLLOWED


def test_the_same_symbol_counts_on_each_channel(consumer: MarketConsumer) -> None:
    assert list(answers(consumer, "T1", "T2", "T3").values()) == [FOLLOWED, FOLLOWED, TOO_MANY]


def test_a_request_of_which_nothing_can_be_followed_says_why() -> None:
    assert refusal([NOT_CARRIED, TOO_MANY]).code is Code.SUBSCRIPTION_LIMIT
    assert refusal([NOT_CARRIED]).code is Code.UNKNOWN_SYMBOL
