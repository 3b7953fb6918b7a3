"""Does a hub whose frames travel through Redis know the market while Redis is gone, and after?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.marketdata.lab import Lab, RunningFeed, eventually, lab_env
from tests.marketdata.scripted import listing, quote
from tests.redis_server import RedisServer
from tradingmw.redis_layer import RedisChannelLayer
from tradingmw.redis_publisher import RedisPublisher


class RedisLab(Lab):
    """The lab with the layer of several hosts."""

    def layer(self) -> RedisChannelLayer:  # type: ignore[override]
        return RedisChannelLayer(url=self.env.redis_url, prefix=self.env.redis_prefix(), proof_seconds=0.2)


@pytest.fixture
def lab(tmp_path: Path, redis_server: RedisServer) -> Iterator[RedisLab]:
    lab = RedisLab(lab_env(tmp_path / "lab").model_copy(update={"redis_url": redis_server.url}))
    yield lab
    lab.close()


def publisher_of(feed: RunningFeed) -> RedisPublisher:
    publisher = feed.bridge._publication._publisher
    assert isinstance(publisher, RedisPublisher)
    return publisher


async def test_what_was_lost_with_redis_is_fetched_when_it_is_back_though_no_price_moves_again(
    lab: RedisLab, redis_server: RedisServer
) -> None:
    engine, feed = lab.engine(listing()), lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await client.follow("quotes", "AAPL")
        engine.quotes(quote(10, 11))
        await client.until(lambda items: items[-1]["seq"] == 1, "quotes")
        states = web.market.counts["states"]
        redis_server.kill()
        await eventually(lambda: not publisher_of(feed).connected)
        dropped = publisher_of(feed).dropped
        engine.quotes(quote(12, 13))
        await eventually(lambda: publisher_of(feed).dropped > dropped)
        redis_server.start()
        items = await client.until(lambda items: items[-1]["seq"] == 2, "quotes")
    was_stale = any(item["quality"] == "stale" for item in items[:-1])  # then all of the quote is told
    assert items[-1]["type"] == "update" or was_stale
    assert (items[-1]["prevSeq"], items[-1]["bid"]) == (1, "12")
    assert web.market.counts["states"] > states


async def test_redis_gone_at_the_start_leaves_a_market_that_moves_once_it_is_there(
    lab: RedisLab, redis_server: RedisServer
) -> None:
    redis_server.kill()
    engine = lab.engine(listing())
    lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await client.follow("quotes", "AAPL")
        assert (await client.push())["type"] == "snapshot"
        redis_server.start()
        await eventually(lambda: web.market.source._layer.connected)
        engine.quotes(quote(14, 15))
        items = await client.until(lambda items: items[-1]["seq"] == 1, "quotes")
    assert items[-1]["bid"] == "14"
