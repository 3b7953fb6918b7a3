"""Do the items say exactly what happened to the books, event by event, and is nothing merged?"""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.books import BookError, checksum_of
from bridge.wire.market import Depth
from bridge.wire.messages import InstrumentSnapshot
from marketdata.feed.instrument import EVENT_LEVELS, EventTooLarge
from marketdata.feed.market import Market
from marketdata.feed.publication import portions
from marketdata.feed.quote import LiveQuote
from marketdata.frames import FRAME_BYTES, UPDATES_PER_FRAME
from marketdata.items import QuoteItem
from tests.marketdata.scripted import E8, cleared, level, listing, quote, trade
from tradingmw.scaled import to_e8

events = st.lists(
    st.lists(
        st.one_of(
            st.builds(
                lambda s, p, n: level(s, p, n, last=False),
                st.sampled_from([1, 2]),
                st.integers(1, 8),
                st.integers(0, 2),
            ),
            st.builds(cleared),
        ),
        min_size=1,
        max_size=6,
    ),
    max_size=12,
)


def market_of(*snapshots: InstrumentSnapshot, count: int = 1) -> Market:
    return Market(1, [listing(number, f"S{number}") for number in range(1, count + 1)], snapshots, Counter())


def updates(market: Market) -> list[tuple[str, int, dict[str, Any]]]:
    """What waits: topic, number, item; both formats are the same item."""
    market.settle()
    four = iter(market.taken("0"))
    found = []
    for topic, seq, text, packed in zip(four, four, four, four, strict=True):
        item = msgspec.json.decode(text)
        assert msgspec.msgpack.decode(packed) == item
        found.append((topic, seq, item))
    return found


def ended(event: list[Depth]) -> list[Depth]:
    return [*event[:-1], event[-1]._replace(last=True)]


@given(events)
def test_a_client_that_folds_the_items_has_the_book_and_its_checksum(said: list[list[Depth]]) -> None:
    market = market_of()
    (instrument,) = market.instruments
    sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for event in said:
        before = instrument.book.bids.top(), instrument.book.asks.top()
        market.on_depth(ended(event))
        items = [item for _, _, item in updates(market)]
        assert len(items) == (before != (instrument.book.bids.top(), instrument.book.asks.top()))
        for item in items:
            for side, levels in sides.items():
                levels.update(dict(item[side]))
            bids = sorted(((p, n) for p, n in sides["bids"].items() if n != "0"), key=lambda one: -to_e8(one[0]))
            asks = sorted(((p, n) for p, n in sides["asks"].items() if n != "0"), key=lambda one: to_e8(one[0]))
            assert item["checksum"] == checksum_of(bids, asks)


@given(events)
def test_in_the_midst_of_an_event_the_state_is_that_before_it(said: list[list[Depth]]) -> None:
    market = market_of()
    (instrument,) = market.instruments
    for event in said:
        before = instrument.state(0)
        market.on_depth([row._replace(last=False) for row in event])
        assert instrument.state(0) == before
        market.on_depth([event[-1]._replace(last=True)])


def test_every_quote_of_a_batch_is_an_update_of_its_own() -> None:
    market = market_of()
    market.on_quotes([quote(1, 2), quote(1, 2), quote(3, 4)])
    assert [(topic, seq, item["bid"]) for topic, seq, item in updates(market)] == [
        ("quotes:S1", 1, "1"),
        ("quotes:S1", 2, "1"),
        ("quotes:S1", 3, "3"),
    ]


def test_a_quote_has_the_fields_that_clients_are_promised_in_their_order() -> None:
    promised = [name for name in QuoteItem.__struct_encode_fields__ if name != "skipped"]
    assert list(LiveQuote.__struct_encode_fields__) == promised


def test_a_trade_changes_the_quote_once_where_the_engine_does_not_say_so_itself() -> None:
    market = market_of()
    market.on_trades([trade(5, 1, 1), trade(6, 1, 2)])
    assert [topic for topic, _, _ in updates(market)] == ["trades:S1", "trades:S1", "quotes:S1"]
    market.on_trades([trade(7, 1, 3)])
    market.on_quotes([quote(6, 7, last=7, volume=3)])
    assert [topic for topic, _, _ in updates(market)] == ["trades:S1", "quotes:S1"]


def test_the_days_figures_grow_from_the_snapshot() -> None:
    start = InstrumentSnapshot(
        instrument_id=1,
        bids=[],
        asks=[],
        last_e8=9 * E8,
        volume_e8=2 * E8,
        turnover_e4=18 * 10**4,
        high_e8=9 * E8,
        low_e8=9 * E8,
    )
    market = market_of(start)
    market.on_trades([trade(12, 1, 1)])
    (_, (_, _, item)) = updates(market)
    assert [item[name] for name in ("last", "volume", "vwap", "high", "low")] == ["12", "3", "10", "12", "9"]
    assert item["change"] == "-88"


def test_what_is_not_known_is_left_out() -> None:
    market = market_of()
    market.on_quotes([quote(1, 2)._replace(ask_e8=0, ask_size_e8=0)])
    ((_, _, item),) = updates(market)
    assert item.keys() == {"symbol", "epoch", "seq", "prevSeq", "ts", "bid", "bidSize", "quality", "ageMs"}


def test_rows_of_instruments_that_are_not_in_the_table_are_counted_and_change_nothing() -> None:
    rejected: Counter[str] = Counter()
    market = Market(1, [listing()], [], rejected)
    market.on_quotes([quote(1, 2, number=9), quote(1, 2)])
    market.on_trades([trade(1, 1, 1, number=9)])
    market.on_depth([level(1, 1, 1, number=9)])
    assert rejected == {"UNKNOWN_INSTRUMENT": 3}
    assert len(updates(market)) == 1


def test_an_event_without_an_end_is_refused() -> None:
    market = market_of()
    with pytest.raises(EventTooLarge):
        market.on_depth([level(1, price, 1, last=False) for price in range(1, EVENT_LEVELS + 2)])


def test_a_snapshot_that_is_not_best_first_is_refused() -> None:
    with pytest.raises(BookError):
        market_of(InstrumentSnapshot(instrument_id=1, bids=[(1, 1), (2, 1)], asks=[]))


def test_only_the_quotes_of_a_silent_shard_become_stale_and_they_recover() -> None:
    market = Market(1, [listing(1, "A", shard="0"), listing(2, "B", shard="1")], [], Counter())
    market.set_stale({"1"})
    assert (market.taken("0"), market.taken("1")[:2]) == ([], ["quotes:B", 1])
    market.set_stale(set())
    four = market.taken("1")
    assert msgspec.json.decode(four[2])["quality"] == "ok"
    assert (market.taken("0"), four[:2]) == ([], ["quotes:B", 2])


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**4)), min_size=1, max_size=30))
def test_the_days_figures_are_those_of_the_trades(said: list[tuple[int, int]]) -> None:
    market = market_of()
    market.on_trades([trade(price, size, number) for number, (price, size) in enumerate(said, 1)])
    item = updates(market)[-1][2]
    prices, volume = [price for price, _ in said], sum(size for _, size in said)
    vwap = Decimal(sum(price * size for price, size in said)) / volume
    assert (item["high"], item["low"], item["volume"]) == (str(max(prices)), str(min(prices)), str(volume))
    assert Decimal(item["vwap"]) == vwap.quantize(Decimal(10) ** -8, ROUND_HALF_UP)
    assert item["change"] == str(prices[-1] - 100)
    assert Decimal(item["changePercent"]) == prices[-1] - 100


def test_a_change_of_quality_is_told_for_every_instrument_once() -> None:
    market = market_of(count=3)
    market.set_stale({"0"})
    market.set_stale({"0"})
    assert [item["quality"] for _, _, item in updates(market)] == ["stale"] * 3


@given(st.lists(st.integers(min_value=0, max_value=FRAME_BYTES), max_size=8))
def test_frames_are_bounded_and_together_hold_everything_in_order(sizes: list[int]) -> None:
    flat = [part for number, size in enumerate(sizes) for part in (str(number), number, b"", bytes(size))]
    pieces = list(portions(flat))
    assert [part for piece in pieces for part in piece] == flat
    assert all(sum(map(len, piece[3::4])) < 2 * FRAME_BYTES for piece in pieces)


def test_many_small_updates_become_several_frames() -> None:
    flat = ["topic", 1, b"", b""] * (2 * UPDATES_PER_FRAME + 1)
    assert [len(piece) // 4 for piece in portions(flat)] == [UPDATES_PER_FRAME, UPDATES_PER_FRAME, 1]
