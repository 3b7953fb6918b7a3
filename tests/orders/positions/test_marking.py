"""Is a socket told what its positions are worth: newest only, exact, never by an old price, and of its own market?"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accounts.policy import Attributes, Function
from accounts.rights import Rights
from bridge.wire.vocabulary import Side
from marketdata.models import Instrument
from notifications.items import PrivateItem, Standing, json_as_it_is
from orders.core.positions import traded
from orders.core.state import PositionState
from orders.core.valuing import MarkQuality
from orders.positions.marking import MarkedLine, MarkWatch
from orders.positions.prices import Price, Prices
from orders.shapes import position_shape
from tests.notifications.streams import until

E8 = 10**8
EVERYTHING = Rights(frozenset(Function))
AT_US = 1_795_000_000_000_000


class Screen:
    """A client that is told, and may stop reading or break at any moment."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.has_room = True
        self.breaks = False
        self.was_broken = False

    def queue(self, frame: Any) -> None:
        if self.breaks:
            raise RuntimeError("It breaks.")
        self.frames.append(msgspec.json.decode(msgspec.json.encode(frame)))

    async def room(self) -> bool:
        return True

    def broken(self) -> None:
        self.was_broken = True

    @property
    def marks(self) -> list[Any]:
        return [item for frame in self.frames for item in frame["data"] if item["kind"] == "position_marked"]


class Market:
    """Prices that a test moves; it counts how often it is looked at."""

    def __init__(self) -> None:
        self.prices: dict[str, Price] = {}
        self.looks = 0
        self.fails = False

    def __call__(self, symbols: Iterable[str]) -> Prices:
        self.looks += 1
        if self.fails:
            raise RuntimeError("There is no market.")
        return {symbol: self.prices[symbol] for symbol in symbols if symbol in self.prices}

    def move(self, symbol: str, price: int, quality: MarkQuality = MarkQuality.OK) -> None:
        self.prices[symbol] = Price(price * E8, quality, AT_US + self.looks)


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
async def watch(market: Market) -> AsyncIterator[MarkWatch]:
    watch = MarkWatch(market, 0.002)
    yield watch
    for line in list(watch._lines):
        line.close()


def shape(quantity: int = 10, price: int = 100, symbol: str = "AAPL") -> dict[str, Any]:
    """So many bought (sold: negative) at one price."""
    ids = {"id": UUID(int=1), "user": UUID(int=2), "account": UUID(int=3)}
    flat = PositionState(**ids, account_name="ann", symbol=symbol, exchange="XNAS", updated_at_us=AT_US)
    side = Side.BUY if quantity > 0 else Side.SELL
    return position_shape(traded(flat, side=side, quantity_e8=abs(quantity) * E8, price_e8=price * E8))


def frame(kind: str, *shapes: Any) -> dict[str, Any]:
    numbers = {"event_id": 5, "prev_event_id": 4, "kind": "position_changed", "ts": AT_US}
    return {"channel": "positions", "type": kind, "data": [PrivateItem(**numbers, data=each) for each in shapes]}


def line_of(screen: Screen, watch: MarkWatch, rights: Rights = EVERYTHING, prefix: str = "") -> MarkedLine:
    return MarkedLine(screen, prefix, lambda: rights, watch)


async def looked(market: Market, times: int = 2) -> None:
    """Until the market has been looked at so often again: what was to be told by the looks before has been told."""
    seen = market.looks
    await until(lambda: market.looks >= seen + times)


async def test_a_snapshot_is_at_the_markets_price(watch: MarkWatch, market: Market) -> None:
    market.move("AAPL", 103)
    screen = Screen()
    line_of(screen, watch).queue(frame("snapshot", shape(), shape(symbol="IBM")))
    aapl, ibm = (item["data"] for item in screen.frames[0]["data"])
    assert (aapl["currentPrice"], aapl["unrealizedPnl"], aapl["markQuality"]) == ("103", "30", "ok")
    assert aapl["markedAt"] == "2026-11-18T11:06:40.000000Z"
    assert (ibm["currentPrice"], ibm["unrealizedPnl"], ibm["markQuality"], ibm["markedAt"]) == (
        "100",
        "0",
        "none",
        None,
    )
    await looked(market)
    assert screen.marks == []


@pytest.mark.parametrize("prefix", ["", "desk."])
async def test_a_moved_price_is_pushed_once_without_a_number(watch: MarkWatch, market: Market, prefix: str) -> None:
    screen = Screen()
    line_of(screen, watch, prefix=prefix).queue(frame("snapshot", shape(), shape(-4, 50, "IBM")))
    market.move("IBM", 60)
    await until(lambda: screen.marks)
    await looked(market)
    (told,) = screen.frames[1:]
    (item,) = told["data"]
    assert (told["channel"], told["type"]) == (f"{prefix}positions", "update")
    assert item.keys() == {"kind", "ts", "data"}
    assert item["data"] == {**shape(-4, 50, "IBM"), **at("60", "-40", "ok", item["data"]["markedAt"])}


def at(price: str, profit: str, quality: str, moment: str | None) -> dict[str, Any]:
    return {"currentPrice": price, "unrealizedPnl": profit, "markQuality": quality, "markedAt": moment}


async def test_a_silent_feed_is_told_once_as_stale_and_then_that_it_is_back(watch: MarkWatch, market: Market) -> None:
    market.move("AAPL", 103)
    screen = Screen()
    line_of(screen, watch).queue(frame("snapshot", shape()))
    for quality in (MarkQuality.STALE, MarkQuality.OK):
        market.move("AAPL", 103, quality)
        await looked(market)
    assert [item["data"]["markQuality"] for item in screen.marks] == ["stale", "ok"]


async def test_a_price_that_is_no_more_is_not_shown_any_longer(watch: MarkWatch, market: Market) -> None:
    market.move("AAPL", 103)
    screen = Screen()
    line_of(screen, watch).queue(frame("snapshot", shape()))
    del market.prices["AAPL"]
    await until(lambda: screen.marks)
    assert [item["data"] for item in screen.marks] == [shape()]


@pytest.mark.parametrize("as_text", [True, False], ids=["json", "msgpack"])
async def test_a_mark_is_of_the_quantity_that_was_told_last(watch: MarkWatch, market: Market, as_text: bool) -> None:
    market.move("AAPL", 103)
    screen = Screen()
    line = line_of(screen, watch)
    line.queue(frame("snapshot", shape()))
    after = shape(30, 101)
    line.queue(frame("update", json_as_it_is(json.dumps(after)) if as_text else after))
    await until(lambda: screen.marks)
    assert screen.marks[0]["data"] == {**after, **at("103", "60", "ok", screen.marks[0]["data"]["markedAt"])}


async def test_positions_that_were_not_shown_are_marked_all_the_same(watch: MarkWatch, market: Market) -> None:
    """Subscribed without a snapshot: the client has them from before."""
    screen = Screen()
    line_of(screen, watch).begin([Standing(AT_US, shape()), Standing(AT_US, shape(symbol="IBM"))])
    market.move("IBM", 103)
    await until(lambda: screen.marks)
    assert [(item["data"]["symbol"], item["data"]["unrealizedPnl"]) for item in screen.marks] == [("IBM", "30")]


async def test_an_event_stays_as_the_log_has_it(watch: MarkWatch, market: Market) -> None:
    market.move("AAPL", 103)
    screen = Screen()
    line_of(screen, watch).queue(frame("update", shape()))
    assert [item["data"] for item in screen.frames[0]["data"]] == [shape()]


async def test_who_does_not_read_is_told_only_the_newest_once_he_does(watch: MarkWatch, market: Market) -> None:
    screen = Screen()
    line_of(screen, watch).queue(frame("snapshot", shape()))
    screen.has_room = False
    for price in (101, 102, 103):
        market.move("AAPL", price)
        await looked(market)
    assert screen.marks == []
    screen.has_room = True
    await until(lambda: screen.marks)
    assert [item["data"]["currentPrice"] for item in screen.marks] == ["103"]


async def test_what_is_flat_is_not_pushed(watch: MarkWatch, market: Market) -> None:
    screen = Screen()
    line_of(screen, watch).queue(frame("snapshot", {**shape(), "quantity": "0", "costBasis": "0"}))
    for price in (101, 102):
        market.move("AAPL", price)
        await looked(market)
    assert screen.marks == []


async def test_after_leaving_nothing_is_told_and_nothing_runs(watch: MarkWatch, market: Market) -> None:
    screen, other = Screen(), Screen()
    lines = [line_of(one, watch) for one in (screen, other)]
    for line in lines:
        line.queue(frame("snapshot", shape()))
    lines[0].end()
    market.move("AAPL", 103)
    await until(lambda: other.marks)
    assert screen.marks == []
    lines[1].close()
    lines[1].begin([])  # a read that was under way when the socket left
    assert watch._lines == {} and watch._task is None


async def test_a_position_that_an_earlier_version_told_is_not_marked(watch: MarkWatch, market: Market) -> None:
    screen = Screen()
    line = line_of(screen, watch)
    line.queue(frame("snapshot", shape(), shape(symbol="IBM")))
    line.queue(frame("update", {name: value for name, value in shape(20).items() if name != "costBasis"}))
    for symbol in ("AAPL", "IBM"):
        market.move(symbol, 103)
    await until(lambda: screen.marks)
    await looked(market)
    assert [item["data"]["symbol"] for item in screen.marks] == ["IBM"]


async def test_without_a_market_no_price_is_left_standing(watch: MarkWatch, market: Market) -> None:
    market.move("AAPL", 103)
    screen = Screen()
    line_of(screen, watch).queue(frame("snapshot", shape()))
    market.fails = True
    await until(lambda: screen.marks)
    assert screen.marks[0]["data"]["markQuality"] == "none"
    market.fails = False
    await until(lambda: len(screen.marks) == 2)
    assert screen.marks[1]["data"]["markQuality"] == "ok" and watch.faults


async def test_a_socket_that_cannot_be_told_is_closed_and_disturbs_no_other(watch: MarkWatch, market: Market) -> None:
    broken, sound = Screen(), Screen()
    for screen in (broken, sound):
        line_of(screen, watch).queue(frame("snapshot", shape()))
    broken.breaks = True
    market.move("AAPL", 103)
    await until(lambda: sound.marks)
    assert (broken.was_broken, sound.was_broken, watch.faults) == (True, False, 1)


# --- whose market data ---------------------------------------------------------------------------------------------
@pytest.fixture
def listed(transactional_db: None) -> None:
    for symbol, exchange in (("AAPL", "XNAS"), ("IBM", "XNYS")):
        Instrument.objects.create(symbol=symbol, exchange=exchange, **LISTING)


LISTING: dict[str, Any] = {"tick": "0.01", "lot": "1", "engine_instrument_id": 1, "engine_epoch": 1}


async def test_what_the_users_market_data_leaves_out_is_not_marked(
    watch: MarkWatch, market: Market, listed: None
) -> None:
    rights = EVERYTHING._replace(attributes=Attributes(data_exchanges=frozenset({"XNYS"})))
    screen = Screen()
    for symbol in ("AAPL", "IBM", "NONE"):
        market.move(symbol, 103)
    line_of(screen, watch, rights).queue(frame("snapshot", *(shape(symbol=each) for each in ("AAPL", "IBM", "NONE"))))
    assert {item["data"]["markQuality"] for item in screen.frames[0]["data"]} == {"none"}
    await until(lambda: screen.marks)
    await looked(market)
    assert [item["data"]["symbol"] for item in screen.marks] == ["IBM"]


async def test_without_the_right_to_market_data_nothing_is_marked(
    watch: MarkWatch, market: Market, listed: None
) -> None:
    rights = Rights(frozenset({Function.ORDERS_READ_OWN}))
    screen = Screen()
    market.move("AAPL", 103)
    line_of(screen, watch, rights).queue(frame("snapshot", shape()))
    await looked(market, 20)
    assert screen.marks == []
