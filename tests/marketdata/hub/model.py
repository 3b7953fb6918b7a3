"""A hub without an event loop, a market without an engine, and a client that believes only what it was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from bridge.books import checksum_of
from bridge.wire.messages import InstrumentSnapshot
from marketdata.feed.market import Market
from marketdata.feed.state_server import whole_state
from marketdata.frames import FeedState, InstrumentState
from marketdata.hub.hub import Hub
from marketdata.hub.options import PLAIN, Options
from marketdata.hub.subscriber import Subscriber
from marketdata.items import Channel, read_quote
from marketdata.raw_frames import Watcher, payloads
from tests.marketdata.scripted import E8, listing
from tradingmw.scaled import text_e8, to_e8

SYMBOLS = ("AAPL", "MSFT")
TABLE = [listing(number, symbol) for number, symbol in enumerate(SYMBOLS, 1)]
NO_QUOTE = {"symbol", "epoch", "seq", "prevSeq", "skipped", "ts", "ageMs", "type"}


class Turns:
    """An event loop whose turns and whose clock a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waiting: list[Callable[[], Any]] = []
        self.timers: list[tuple[float, Callable[[], Any]]] = []

    def call_soon(self, callback: Callable[[], Any], /) -> None:
        self.waiting.append(callback)

    def call_later(self, delay: float, callback: Callable[[], Any], /) -> None:
        self.timers.append((self.now + delay, callback))

    def time(self) -> float:
        return self.now

    def turn(self) -> None:
        self.waiting.pop(0)()

    def turns(self) -> None:
        """As many as there are, and those that these bring."""
        while self.waiting:
            self.turn()

    def passes(self, seconds: float) -> None:
        """Timers that come due wait for a turn."""
        self.now += seconds
        due = sorted((timer for timer in self.timers if timer[0] <= self.now), key=lambda timer: timer[0])
        self.timers = [timer for timer in self.timers if timer[0] > self.now]
        self.waiting += [callback for _, callback in due]

    def rest(self) -> None:
        """Until nothing waits."""
        self.turns()
        while self.timers:
            self.passes(60)
            self.turns()


class Socket:
    """A sink that reads what is written to it as a client would, and may stop keeping up at any write."""

    deflates = False

    def __init__(self, wire: str = "json") -> None:
        self.decode = msgspec.json.decode if wire == "json" else msgspec.msgpack.decode
        self.watcher: Watcher | None = None
        self.stops = False
        self.writes = 0
        self.items: list[dict[str, Any]] = []
        self.options: dict[tuple[str, str], Options] = {}
        self.last: dict[tuple[str, str], dict[str, Any]] = {}
        self.quotes: dict[str, dict[str, Any]] = {}
        self.books: dict[str, dict[str, dict[str, str]]] = {}

    def watch(self, watcher: Watcher | None) -> None:
        self.watcher = watcher

    def write(self, frames: bytes) -> None:
        self.writes += 1
        for payload in payloads(frames):
            push = self.decode(payload)
            assert push["data"]
            for item in push["data"]:
                self.take(push["channel"], push["type"], item)
        if self.stops and self.watcher:
            self.stops = False
            self.watcher.paused()

    def forget(self, channel: str, symbol: str) -> None:
        for known in (self.options, self.last):
            known.pop((channel, symbol), None)

    def take(self, channel: str, kind: str, item: dict[str, Any]) -> None:
        """Fails where the item does not follow what came before, or where its book is not the one it speaks of."""
        symbol = item["symbol"]
        before = self.last.get((channel, symbol))
        same = before is not None and before["epoch"] == item["epoch"]
        assert item["prevSeq"] == (before["seq"] if before and same else 0), (before, item)
        if kind == "update":
            assert same
            assert item["seq"] - item["prevSeq"] - 1 == item.get("skipped", 0), item
        assert item["seq"] >= item["prevSeq"]
        self.last[channel, symbol] = item
        self.items.append({**item, "type": kind})
        options = self.options.get((channel, symbol), PLAIN)
        if channel == "quotes":
            self._take_quote(symbol, item, options, partly=options.delta and kind == "update")
        if channel == "book":
            self._take_book(symbol, item, kind, options.depth)

    def _take_quote(self, symbol: str, item: dict[str, Any], options: Options, *, partly: bool) -> None:
        told = {name: value for name, value in item.items() if name not in NO_QUOTE}
        assert options.fields is None or told.keys() <= {*options.fields, "quality"}
        assert partly or {"quality", "ageMs"} <= item.keys()
        known = {**self.quotes[symbol], **told} if partly else told
        self.quotes[symbol] = {name: value for name, value in known.items() if value is not None}

    def _take_book(self, symbol: str, item: dict[str, Any], kind: str, depth: int | None) -> None:
        if kind == "snapshot":
            self.books[symbol] = {"bids": {}, "asks": {}}
        for side, levels in self.books[symbol].items():
            levels |= dict(item[side])
            for price in [price for price, size in levels.items() if size == "0"]:
                del levels[price]
            assert depth is None or len(levels) <= depth
        bids, asks = self.sides(symbol)
        assert item["checksum"] == checksum_of(bids, asks, depth or 10)

    def sides(self, symbol: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The bids and asks that the client has, best first."""
        book = self.books[symbol]
        return (
            sorted(book["bids"].items(), key=lambda level: -to_e8(level[0])),
            sorted(book["asks"].items(), key=lambda level: to_e8(level[0])),
        )


class World:
    """A market, a hub, and the loop that runs it."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.hub = Hub(self.turns)
        self.hub.live = True
        self.epoch = 0
        self.new_epoch()

    def new_epoch(self) -> None:
        self.epoch += 1
        snapshots = [InstrumentSnapshot(instrument_id=1, bids=[(9 * E8, E8)], asks=[])]
        self.market = Market(self.epoch, TABLE, snapshots, Counter())
        self.state_again()

    def state_again(self) -> None:
        """As after a lost frame: what waits in the market goes into the state, and never comes as a frame."""
        self.market.settle()
        self.market.taken("0")
        self.hub.live = True
        self.hub.install(self.epoch, self.states().values())

    def states(self) -> dict[str, InstrumentState]:
        """What the feed bridge would answer, by symbol."""
        parts = whole_state(0, self.market, {}, FeedState.LIVE, 0)
        return {one.symbol: one for part in parts for one in part.instruments}

    def frame(self) -> None:
        self.market.settle()
        assert self.hub.apply(self.market.taken("0"))

    def said(self) -> None:
        """A frame, and everything that follows from it now."""
        self.frame()
        self.turns.turns()

    def joined(self, wire: str = "json") -> tuple[Socket, Subscriber]:
        socket = Socket(wire)
        subscriber = Subscriber(socket, wire)
        self.hub.join(subscriber)
        return socket, subscriber

    def follow(
        self,
        socket: Socket,
        subscriber: Subscriber,
        channel: Channel,
        *symbols: str,
        snapshot: bool = True,
        options: Options = PLAIN,
    ) -> None:
        self.hub.subscribe(subscriber, channel, symbols, snapshot=snapshot, options=options)
        for symbol in symbols:
            socket.options[channel, symbol] = options.on(channel)

    def follower(self, channel: Channel, *symbols: str, options: Options = PLAIN) -> Socket:
        """A socket that has its snapshots."""
        socket, subscriber = self.joined()
        self.follow(socket, subscriber, channel, *symbols, options=options)
        self.turns.turns()
        return socket

    def agrees(self, socket: Socket, channel: Channel, symbol: str) -> None:
        """The client knows exactly what the market knows."""
        (truth,) = [one for one in self.market.instruments if one.symbol == symbol]
        options, item = socket.options[channel, symbol], socket.last[channel, symbol]
        quote = read_quote(self.states()[symbol].quote)
        seqs = {"quotes": quote.seq, "trades": truth.trade_seq, "book": truth.book_seq}
        assert item["epoch"] == self.epoch
        if options.part == PLAIN.part:
            assert item["seq"] == seqs[channel]
        if channel is Channel.QUOTES:
            whole = {name: value for name, value in msgspec.to_builtins(quote).items() if name not in NO_QUOTE}
            seen = whole.keys() if options.fields is None else {*options.fields, "quality"}
            assert socket.quotes[symbol] == {name: value for name, value in whole.items() if name in seen}
        if channel is Channel.BOOK:
            for known, ladder in zip(socket.sides(symbol), (truth.book.bids, truth.book.asks), strict=True):
                assert known == [(text_e8(price), text_e8(size)) for price, size in ladder.top(options.depth)]
