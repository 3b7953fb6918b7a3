"""Whatever sockets and market do in whatever order: does every socket see a chain without a hole it could not see?"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.wire.messages import InstrumentSnapshot
from marketdata.feed.market import Market
from marketdata.hub.hub import Hub
from marketdata.hub.pushes import Message
from marketdata.hub.subscriber import Subscriber
from marketdata.items import Channel
from marketdata.raw_frames import Watcher
from tests.marketdata.scripted import E8, level, listing, quote, trade

SYMBOLS = ("AAPL", "MSFT")
TABLE = [listing(number, symbol) for number, symbol in enumerate(SYMBOLS, 1)]


class Socket:
    """A sink that reads what is written to it as a client would, and may stop keeping up at any message."""

    def __init__(self, wire: str) -> None:
        self.decode = msgspec.json.decode if wire == "json" else msgspec.msgpack.decode
        self.watcher: Watcher | None = None
        self.stops = False
        self.last: dict[tuple[str, str], dict[str, Any]] = {}
        self.books: dict[str, dict[tuple[str, str], str]] = {}
        self.trades: Counter[str] = Counter()

    def watch(self, watcher: Watcher | None) -> None:
        self.watcher = watcher

    def write(self, message: Message) -> None:
        assert message.frame.endswith(message.payload)
        push = self.decode(message.payload)
        for item in push["data"]:
            self.take(push["channel"], push["type"], item)
        if self.stops and self.watcher:
            self.stops = False
            self.watcher.paused()

    def take(self, channel: str, kind: str, item: dict[str, Any]) -> None:
        before = self.last.get((channel, item["symbol"]))
        if kind == "update":
            assert before and (before["epoch"], before["seq"]) == (item["epoch"], item["prevSeq"]), (before, item)
            assert item["seq"] - item["prevSeq"] - 1 == item.get("skipped", 0)
        else:
            same = before is not None and before["epoch"] == item["epoch"]
            assert item["prevSeq"] == (before["seq"] if before and same else 0)
        self.last[channel, item["symbol"]] = item
        if channel == "book":
            book = self.books.setdefault(item["symbol"], {})
            if kind == "snapshot":
                book.clear()
            book |= {(side, price): size for side in ("bids", "asks") for price, size in item[side]}


class HubMachine(RuleBasedStateMachine):
    """A market, a hub, three sockets; turns of the loop are run when the machine likes."""

    @initialize()
    def begin(self) -> None:
        self.waiting: deque[Callable[[], None]] = deque()
        self.hub = Hub(self.waiting.append)
        self.epoch = self.trades = 0
        self.new_epoch()
        self.sockets = [Socket("json"), Socket("json"), Socket("msgpack")]
        self.subscribers = [
            Subscriber(socket, wire) for socket, wire in zip(self.sockets, ("json", "json", "msgpack"), strict=True)
        ]
        for subscriber in self.subscribers:
            self.hub.join(subscriber)

    @rule(how=st.sampled_from(["", "", "", "", "lost frame", "new epoch"]))
    def the_hub_must_begin_anew(self, how: str) -> None:
        if how == "lost frame":
            self.state_again()
        elif how:
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
        self.hub.install(self.epoch, [one.state(0, self.market.quality) for one in self.market.instruments])

    @rule(number=st.sampled_from([1, 2]), price=st.integers(1, 20))
    def quoted(self, number: int, price: int) -> None:
        self.market.on_quotes([quote(price, price + 1, number)])

    @rule(number=st.sampled_from([1, 2]), count=st.sampled_from([1, 3, 120]))
    def traded(self, number: int, count: int) -> None:
        self.trades += count
        self.market.on_trades([trade(5, 1, self.trades, number) for _ in range(count)])

    @rule(number=st.sampled_from([1, 2]), side=st.sampled_from([1, 2]), price=st.integers(1, 6), size=st.integers(0, 3))
    def changed(self, number: int, side: int, price: int, size: int) -> None:
        self.market.on_depth([level(side, price, size, number=number)])

    @rule()
    def frame(self) -> None:
        self.market.settle()
        self.hub.apply(self.market.taken("0"))

    @rule(turns=st.sampled_from([1, 2, 99]))
    def loop(self, turns: int) -> None:
        for _ in range(min(turns, len(self.waiting))):
            self.waiting.popleft()()

    @rule(price=st.integers(1, 20))
    def a_busy_moment(self, price: int) -> None:
        """Everything moves, and the loop has not come round yet."""
        for number in (1, 2):
            self.quoted(number, price)
            self.traded(number, 1)
            self.changed(number, 1 + price % 2, 1 + price % 6, price % 4)
        self.frame()

    @rule(
        who=st.integers(0, 2), channel=st.sampled_from(Channel), symbols=st.sets(st.sampled_from(SYMBOLS), min_size=1)
    )
    def subscribe(self, who: int, channel: Channel, symbols: set[str]) -> None:
        self.hub.subscribe(self.subscribers[who], channel, symbols, snapshot=True)

    @rule(who=st.integers(0, 2), channel=st.sampled_from(Channel), symbol=st.sampled_from(SYMBOLS))
    def unsubscribe(self, who: int, channel: Channel, symbol: str) -> None:
        self.hub.unsubscribe(self.subscribers[who], channel, [symbol])
        self.sockets[who].last.pop((channel, symbol), None)

    @rule(who=st.integers(0, 2))
    def stop_reading_at_the_next_message(self, who: int) -> None:
        self.sockets[who].stops = True

    @rule(who=st.integers(0, 2))
    def pause(self, who: int) -> None:
        self.hub.paused(self.subscribers[who])

    @precondition(lambda self: any(subscriber.paused for subscriber in self.subscribers))
    @rule()
    def resume(self) -> None:
        for subscriber in self.subscribers:
            if subscriber.paused:
                self.hub.resumed(subscriber)

    @invariant()
    def nothing_piles_up(self) -> None:
        if hasattr(self, "hub"):
            assert all(len(behind) <= 2 for one in self.subscribers for behind in one.behind.values())
            served = [one for group in self.hub.groups for one in group.members]
            assert all(one in self.hub.subscribers for one in served)
            assert self.waiting or not any(one.paused for one in served)

    def teardown(self) -> None:
        """At rest every socket that reads knows exactly what the market knows."""
        if not hasattr(self, "hub"):
            return
        self.frame()
        while self.waiting or any(one.paused for one in self.subscribers):
            self.resume()
            self.loop(len(self.waiting))
        state = {one.symbol: one for one in self.market.instruments}
        for subscriber, socket in zip(self.subscribers, self.sockets, strict=True):
            for channel, symbols in subscriber.wants.items():
                for symbol in symbols:
                    self.agrees(socket, channel, state[symbol])

    def agrees(self, socket: Socket, channel: Channel, instrument: Any) -> None:
        item = socket.last[channel, instrument.symbol]
        seqs = {"quotes": instrument.quote_seq, "trades": instrument.trade_seq, "book": instrument.book_seq}
        assert (item["epoch"], item["seq"]) == (self.epoch, seqs[channel])
        if channel is Channel.BOOK:
            known = {key: size for key, size in socket.books[instrument.symbol].items() if size != "0"}
            sides = {"bids": instrument.book.bids, "asks": instrument.book.asks}
            assert known == {(s, str(p // E8)): str(n // E8) for s, ladder in sides.items() for p, n in ladder.top()}
            assert item["checksum"] == instrument.book.checksum()


HubMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestHub = HubMachine.TestCase
