"""Does the order bridge know what instruments are worth, and never take an old price for a fresh one?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from bridge.sockets.curve import ADMITTED, Domain, Gatekeeper, KeyRing, Role, make_keys
from bridge.sockets.options import configure
from bridge.sockets.pump import Context
from marketdata.frames import FeedState, PricesPart, PricesRequest, TopPrice, encode, read_state_request
from marketdata.items import Quality
from orders.bridge.mark_watch import OLDEST_SECONDS, SILENT_SECONDS, MarkWatch
from orders.core.marks import NO_MARK, Mark
from tests.bridge.waiting import until
from tests.marketdata.lab import Lab, lab_in
from tests.marketdata.scripted import E8, ScriptedEngine, listing, quote, trade


class Clock:
    """The monotonic clock, and as much further as a test likes."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_seconds


def clock_us() -> int:
    return time.time_ns() // 1000


@pytest.fixture
def context() -> Iterator[Context]:
    context: Context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    yield from lab_in(tmp_path)


@pytest.fixture
def watch(lab: Lab, context: Context, clock: Clock) -> Iterator[MarkWatch]:
    watch = MarkWatch(context, KeyRing(lab.env.keys), lab.env.feed_state, clock_us, clock)
    yield watch
    watch.close()


def mark(watch: MarkWatch, symbol: str = "AAPL") -> Mark:
    return watch.latest().get(symbol, NO_MARK)


def until_fresh(watch: MarkWatch, **prices: int) -> Mark:
    """Fresh, and with these prices (whole ones)."""
    wanted = {f"{name}_e8": price * E8 for name, price in prices.items()}

    def found() -> Mark | None:
        now = mark(watch)
        return now if not now.is_stale and wanted.items() <= now._asdict().items() else None

    return until(found, f"a fresh mark with {prices}: {mark(watch)}, {dict(watch.counts)}")


def until_stale(watch: MarkWatch) -> Mark:
    return until(lambda: mark(watch) if mark(watch).is_stale else None, "a stale mark")


def quoting(lab: Lab, **more: int) -> ScriptedEngine:
    """An engine that has quoted 100 to 101; its feed bridge has a market."""
    engine = lab.engine(listing())
    lab.feed()
    until(engine.has_subscriber, "the feed bridge")
    engine.quotes(quote(100, 101, **more))
    return engine


# --- on a real feed bridge -----------------------------------------------------------------------------------------
def test_best_prices_and_the_last_one_are_known(lab: Lab, watch: MarkWatch) -> None:
    engine = quoting(lab)
    assert until_fresh(watch, bid=100, ask=101).last_e8 is None
    engine.trades(trade(101, 5, 1))
    assert not until_fresh(watch, last=101).is_crossed


def test_what_is_not_listed_has_no_price(lab: Lab, watch: MarkWatch) -> None:
    quoting(lab)
    until_fresh(watch, bid=100)
    assert mark(watch, "NONE") == NO_MARK
    assert list(watch.latest()) == ["AAPL"]


def test_nothing_is_needed_of_the_channel_layer(lab: Lab, watch: MarkWatch) -> None:
    lab.proxy.stop()
    quoting(lab)
    until_fresh(watch, bid=100, ask=101)


def test_without_a_feed_bridge_all_is_stale_and_as_it_was(lab: Lab, watch: MarkWatch) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    until(engine.has_subscriber, "the feed bridge")
    engine.quotes(quote(100, 101))
    fresh = until_fresh(watch, bid=100)
    lab.end(feed)
    stale = until_stale(watch)
    assert (stale.bid_e8, stale.ask_e8) == (100 * E8, 101 * E8)
    assert fresh.at_us <= stale.at_us <= clock_us()


def test_a_new_feed_bridge_makes_them_fresh_again(lab: Lab, watch: MarkWatch) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    until_fresh(watch)
    lab.end(feed)
    until_stale(watch)
    lab.feed()
    until(engine.has_subscriber, "the new feed bridge")
    engine.quotes(quote(102, 103))
    until_fresh(watch, bid=102, ask=103)


def test_a_silent_engine_makes_them_stale_though_the_feed_bridge_answers(lab: Lab, watch: MarkWatch) -> None:
    engine = quoting(lab)
    until_fresh(watch, bid=100)
    lab.end(engine)
    assert until_stale(watch).bid_e8 == 100 * E8
    answers = watch.counts["answers"] + watch.counts["without_market"]
    until(lambda: watch.counts["answers"] + watch.counts["without_market"] > answers, "further answers")
    assert mark(watch).is_stale


def test_a_feed_without_an_engine_has_no_prices(lab: Lab, watch: MarkWatch) -> None:
    lab.feed()
    until(lambda: watch.counts["without_market"], "an answer")
    assert not watch.latest()
    assert watch.age_seconds == float("inf")


def test_each_instrument_ages_with_its_own_shard(lab: Lab, watch: MarkWatch) -> None:
    """The scripted engine lets every shard it lists live; one that it falls silent on is stale alone."""
    engine = lab.engine(listing(1, "AAPL", "0"), listing(2, "IBM", "1"))
    lab.feed()
    until(engine.has_subscriber, "the feed bridge")
    until(lambda: not mark(watch, "AAPL").is_stale and not mark(watch, "IBM").is_stale, "both")
    engine.table = engine.table[:1]
    until(lambda: mark(watch, "IBM").is_stale, "the silent one")
    assert not mark(watch, "AAPL").is_stale


# --- by the clock --------------------------------------------------------------------------------------------------
def test_without_answers_they_are_stale_whatever_became_of_the_thread(lab: Lab, watch: MarkWatch, clock: Clock) -> None:
    quoting(lab)
    until_fresh(watch, bid=100)
    watch.close()
    clock.ahead_seconds += SILENT_SECONDS
    assert mark(watch).is_stale
    assert watch.figures() == {"fresh": 0, "stale": 1}


def test_a_map_that_was_taken_never_changes(lab: Lab, watch: MarkWatch) -> None:
    engine = quoting(lab)
    until_fresh(watch, bid=100)
    taken = watch.latest()
    engine.quotes(quote(102, 103))
    until_fresh(watch, bid=102)
    assert taken["AAPL"].bid_e8 == 100 * E8


# --- on a feed bridge that says what a test wants said --------------------------------------------------------------
class Prompter:
    """Bound where the feed bridge would be."""

    def __init__(self, context: Context, keys: Path) -> None:
        ring = KeyRing(keys)
        self.gatekeeper = Gatekeeper(context, ring)
        self.gatekeeper.allow(Domain.FEED_STATE, ADMITTED[Domain.FEED_STATE])
        self._socket = configure(context.socket(zmq.ROUTER), hwm=100)
        ring.serve(self._socket, Role.FEED_BRIDGE, Domain.FEED_STATE)
        self._socket.bind("tcp://127.0.0.1:*")
        self.address = self._socket.get(zmq.LAST_ENDPOINT).decode().rstrip("\0")

    def answer(self, *payloads: Callable[[int], bytes]) -> int:
        """The next question with these; returns its number."""
        assert self._socket.poll(10_000), "no question came"
        identity, asked = self._socket.recv_multipart()
        question = read_state_request(asked)
        assert isinstance(question, PricesRequest)
        for payload in payloads:
            self._socket.send_multipart([identity, payload(question.request_id)])
        return question.request_id

    def answer_until(self, condition: Callable[[], Any], *payloads: Callable[[int], bytes]) -> None:
        while not condition():
            self.answer(*payloads)


@pytest.fixture
def prompter(context: Context, tmp_path: Path) -> Iterator[Prompter]:
    make_keys(tmp_path / "keys")
    prompter = Prompter(context, tmp_path / "keys")
    yield prompter
    prompter.gatekeeper.stop()


@pytest.fixture
def asker(prompter: Prompter, context: Context, tmp_path: Path, clock: Clock) -> Iterator[MarkWatch]:
    watch = MarkWatch(context, KeyRing(tmp_path / "keys"), prompter.address, clock_us, clock)
    yield watch
    watch.close()


def row(symbol: str = "AAPL", bid: int = 100, age_ms: int = 0, quality: Quality = Quality.OK) -> TopPrice:
    return TopPrice(symbol, bid * E8, (bid + 1) * E8, 0, quality, age_ms)


def part(*rows: TopPrice, index: int = 0, of: int = 1, epoch: int = 9, late_by: int = 0) -> Callable[[int], bytes]:
    return lambda number: encode(PricesPart(number - late_by, epoch, FeedState.LIVE, index, of, list(rows)))


def test_an_answer_in_parts_is_one_answer(prompter: Prompter, asker: MarkWatch) -> None:
    prompter.answer(part(row(), index=0, of=2), part(row("IBM"), index=1, of=2))
    until(lambda: len(asker.latest()) == 2, "both")


@pytest.mark.parametrize(
    ("reason", "payloads"),
    [
        ("malformed", [lambda _: b"\xc1"]),
        ("malformed", [lambda number: encode(PricesPart(number, 9, FeedState.LIVE, 0, 0, []))]),
        ("malformed", [part(row(bid=-5))]),
        ("torn", [part(row(), index=1, of=2)]),
        ("torn", [part(row(), index=0, of=2), part(row("IBM"), index=0, of=2)]),
        ("torn", [part(row(), index=0, of=2), part(row("IBM"), index=1, of=3)]),
        ("torn", [part(row(), index=0, of=2), part(row("IBM"), index=1, of=2, epoch=10)]),
        ("late", [part(row(), late_by=1)]),
    ],
)
def test_what_cannot_be_believed_is_counted_and_the_next_answer_taken(
    prompter: Prompter, asker: MarkWatch, reason: str, payloads: list[Callable[[int], bytes]]
) -> None:
    prompter.answer(*payloads)
    until(lambda: asker.counts[reason], f"{reason}: {dict(asker.counts)}")
    assert not asker.latest()
    prompter.answer_until(lambda: asker.counts["answers"], part(row(bid=7)))
    assert mark(asker).bid_e8 == 7 * E8
    assert asker.counts["unanswered"] == (reason != "torn")


def test_a_stale_quality_is_believed_at_once(prompter: Prompter, asker: MarkWatch) -> None:
    prompter.answer_until(
        lambda: asker.latest(), part(row(quality=Quality.STALE), row("IBM"), row("OLD", age_ms=1_500))
    )
    assert {symbol: known.is_stale for symbol, known in asker.latest().items()} == {
        "AAPL": True,
        "IBM": False,
        "OLD": True,
    }


def test_the_silence_of_the_engine_counts_from_when_it_was_heard(
    prompter: Prompter, asker: MarkWatch, clock: Clock
) -> None:
    """A price that was 1.4 s old when it was told is not fresh for as long as others are."""
    prompter.answer_until(lambda: asker.latest(), part(row(age_ms=1_400)))
    assert not mark(asker).is_stale
    clock.ahead_seconds += OLDEST_SECONDS - 1.4
    assert mark(asker).is_stale


def test_a_market_that_is_gone_is_believed_at_once(prompter: Prompter, asker: MarkWatch) -> None:
    prompter.answer_until(lambda: asker.latest(), part(row()))
    prompter.answer_until(lambda: asker.counts["without_market"], part(epoch=0))
    assert mark(asker).is_stale
    assert mark(asker).bid_e8 == 100 * E8


def test_a_missing_key_is_survived(context: Context, tmp_path: Path, prompter: Prompter) -> None:
    (tmp_path / "none").mkdir()
    watch = MarkWatch(context, KeyRing(tmp_path / "none"), prompter.address, clock_us)
    try:
        until(lambda: watch.counts["faults"], "a fault")
        for file in (tmp_path / "keys").iterdir():
            (tmp_path / "none" / file.name).write_bytes(file.read_bytes())
        prompter.answer_until(lambda: watch.counts["answers"], part(row()))
        assert not mark(watch).is_stale
    finally:
        watch.close()
