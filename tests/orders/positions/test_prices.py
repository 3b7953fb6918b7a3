"""Does a web process know the prices of what is held as its hub has them, and does it never call an old one fresh?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketdata.frames import FeedState
from marketdata.hub import hub_of_process
from orders.core.valuing import MarkQuality
from orders.positions.prices import hub_prices, prices_of
from tests.marketdata.lab import DEADLINE_SECONDS, Lab, Web, eventually, lab_in
from tests.marketdata.scripted import E8, listing, quote, trade
from tests.stack import wait_for

OK, STALE = MarkQuality.OK, MarkQuality.STALE


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    yield from lab_in(tmp_path)


def seen(web: Web, symbol: str = "AAPL") -> tuple[int, MarkQuality] | None:
    price = hub_prices(web.market, [symbol]).get(symbol)
    return None if price is None else (price.price_e8 // E8, price.quality)


async def test_it_is_the_hubs_and_stale_once_the_feed_is_silent(lab: Lab) -> None:
    engine, feed = lab.engine(listing(), listing(2, "IBM")), lab.feed()
    async with lab.web() as web:
        assert seen(web) is None
        await web.ready()
        engine.quotes(quote(100, 102))
        await eventually(lambda: seen(web) == (101, OK))
        engine.trades(trade(99, 1, 1))
        engine.quotes(quote(100, 102))
        await eventually(lambda: seen(web) == (100, OK))
        assert seen(web, "IBM") is None and seen(web, "NONE") is None
        price = hub_prices(web.market, ["AAPL"])["AAPL"]
        assert await asyncio.to_thread(hub_prices, web.market, ["AAPL"]) == {"AAPL": price}
        lab.end(feed)
        await eventually(lambda: seen(web) == (100, STALE))


def held_up(web: Web) -> None:
    """The loop stands still until the feed has been silent for too long: nobody looks at it meanwhile."""
    wait_for(lambda: web.market.source.feed()[0] is FeedState.DOWN, DEADLINE_SECONDS, "a silent feed")
    assert web.market.hub.live


async def test_a_process_that_was_held_up_does_not_take_what_it_knows_for_fresh(lab: Lab) -> None:
    engine, feed = lab.engine(listing()), lab.feed()
    async with lab.web() as web:
        await web.ready()
        engine.quotes(quote(100, 102))
        await eventually(lambda: seen(web) == (101, OK))
        lab.end(feed)
        held_up(web)
        assert seen(web) == (101, STALE)


def test_without_a_hub_there_is_no_price() -> None:
    assert hub_of_process() is None
    assert prices_of(["AAPL"]) == {}
