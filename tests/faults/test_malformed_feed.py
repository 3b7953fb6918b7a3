"""Ten thousand messages not to be believed: is each counted, none taken, and does all that is good arrive?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.link.feed import FeedLink
from bridge.sockets.curve import KeyRing
from bridge.wire.envelope import Kind, seal
from bridge.wire.market import encode_quotes
from bridge.wire.messages import InstrumentSnapshot
from tests.bridge.waiting import until
from tests.faults.malformed_frames import TOPIC, Frames, Mutator, past_of
from tests.marketdata.lab import Client, Lab, eventually, lab_env, lab_in
from tests.marketdata.scripted import E8, ScriptedEngine, listing, quote
from tests.scoreboard import Measured

pytestmark = pytest.mark.alone

MALFORMED, GOOD = 10_000, 250
FIRST_BIDS, LATER_BIDS = range(100, 100 + GOOD), range(1_000, 1_000 + GOOD)
SEEDS = (1,)
FORGED = 20
GIANT_BYTES = 64 * 1024 * 1024


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    yield from lab_in(tmp_path)


async def good_quotes(
    engine: ScriptedEngine, client: Client, bids: range, malformed: Iterator[Frames], each: int
) -> int:
    """Publishes good quotes, each once the client has the one before, and so many malformed messages before it."""
    sent = 0  # malformed
    for bid in bids:
        for frames in islice(malformed, each):
            engine.raw(*frames)
            sent += 1
        engine.quotes(quote(bid, bid + 1))
        await client.until(lambda items, bid=bid: items[-1].get("bid") == str(bid), "quotes")
    return sent


@pytest.mark.parametrize("seed", SEEDS)
async def test_each_is_counted_none_is_taken_and_good_quotes_come_as_ever(
    lab: Lab, measured: Measured, seed: int
) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        for _ in range(3):
            engine.quotes(quote(1, 2))
        await client.follow("quotes", "AAPL")
        await client.until(lambda items: items[-1].get("bid") == "1", "quotes")
        await good_quotes(engine, client, FIRST_BIDS, iter(()), 0)
        before = feed.bridge.rejected().total()
        mutator = Mutator(seed, engine.epoch, engine.seq["0"] + 1, past_of(engine.epoch))
        malformed = followed(mutator, engine, MALFORMED)
        sent = await good_quotes(engine, client, LATER_BIDS, malformed, MALFORMED // GOOD)
        await eventually(lambda: feed.bridge.rejected().total() - before >= sent)
        rejected, items = feed.bridge.rejected(), client.items("quotes")
    found = rejected.total() - before
    measured(21, f"feed, seed {seed}: malformed messages counted of sent", f"{found:,} of {sent:,}", "all, ≥ 10,000")
    good = [str(bid) for bid in (*FIRST_BIDS, *LATER_BIDS)]
    accepted = sum(item.get("bid") not in {"1", *good} for item in items[1:])
    measured(21, f"feed, seed {seed}: accepted; repairs", f"{accepted}; {feed.bridge.repairs().total()}", "0; 0")
    assert sent == found == MALFORMED
    assert len(rejected) >= 12, rejected
    assert feed.bridge.repairs() == {}
    assert len([item for item in items if item["type"] == "snapshot"]) == 1
    assert all(item["prevSeq"] == previous["seq"] for previous, item in pairwise(items))
    assert accepted == 0
    assert [item["bid"] for item in items[-2 * GOOD :]] == good


def followed(mutator: Mutator, engine: ScriptedEngine, count: int) -> Iterator[Frames]:
    """The mutator's messages, always for the number that would be the next one."""
    for frames in mutator.messages(count):
        yield frames
        mutator.seq = engine.seq["0"] + 1


async def test_numbers_that_were_never_given_are_found_out_and_nothing_of_theirs_is_shown(
    lab: Lab, measured: Measured
) -> None:
    """Envelopes with another epoch or number: whole in themselves, so that only the engine's own word helps."""
    engine = lab.engine(listing())
    feed = lab.feed()
    payload = encode_quotes([quote(66_666, 77_777)])
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await client.follow("quotes", "AAPL")
        await client.until(bool, "quotes")
        for number in range(FORGED):
            repairs = feed.bridge.repairs().total()
            epoch, seq = (engine.epoch, 10**6 + number) if number % 2 else (engine.epoch + 10**9 + number, 1 + number)
            engine.snapshots[1] = InstrumentSnapshot(instrument_id=1, bids=[((100 + number) * E8, E8)], asks=[])
            engine.raw(TOPIC, seal(Kind.QUOTES, payload, epoch=epoch, seq=seq), payload)
            await eventually(lambda repairs=repairs: feed.bridge.repairs().total() > repairs)
            await client.until(lambda items, bid=str(100 + number): items[-1].get("bid") == bid, "quotes")
            engine.quotes(quote(200 + number, 300))
            await client.until(lambda items, bid=str(200 + number): items[-1].get("bid") == bid, "quotes")
        items = client.items("quotes")
    shown = sum(item.get("bid") == "66666" for item in items)
    measured(21, f"feed, {FORGED} forged numbers: accepted", shown, "0, each mended by a snapshot")
    assert shown == 0


async def test_a_message_of_64_mb_costs_a_connection_and_nothing_else(lab: Lab, measured: Measured) -> None:
    engine = lab.engine(listing())
    feed = lab.feed()
    async with lab.web() as web, web.client() as client:
        await web.ready()
        await client.follow("quotes", "AAPL")
        await client.until(bool, "quotes")
        started = time.monotonic()
        engine.raw(TOPIC, b"", bytes(GIANT_BYTES))
        await eventually(lambda: feed.bridge.rejected()["DISCONNECTED"] == 1)
        engine.snapshots[1] = InstrumentSnapshot(instrument_id=1, bids=[(5 * E8, E8)], asks=[])
        for _ in range(3):
            engine.quotes(quote(5, 6))
        await client.until(lambda items: items[-1].get("bid") == "5", "quotes")
        took = time.monotonic() - started
    measured(21, "feed, 64 MB message: counted, good quotes again after", f"1, {took:.2f} s", "counted")


# Whatever Hypothesis thinks of -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedEngine, FeedLink]]:
    env = lab_env(tmp_path_factory.mktemp("heard"))
    engine = ScriptedEngine(env, [listing()])
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    link = FeedLink(context, KeyRing(env.keys), env.engine_market_data, ["md.0"])
    until(lambda: link.receive(100), "the first heartbeat")
    yield engine, link
    link.close()
    context.term()
    engine.close()


PAYLOAD = encode_quotes([quote(1, 2)])
damaged_payloads = st.binary(max_size=120) | st.builds(
    lambda at, more: PAYLOAD[:at] + more + PAYLOAD[at + len(more) :],
    st.integers(0, len(PAYLOAD) - 1),
    st.binary(min_size=1, max_size=4),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(st.binary(max_size=80), max_size=4), payload=damaged_payloads, sealed=st.booleans())
def test_what_hypothesis_makes_is_refused_or_means_what_it_says(
    heard: tuple[ScriptedEngine, FeedLink], frames: list[bytes], payload: bytes, sealed: bool
) -> None:
    engine, link = heard
    seq = engine.seq["0"] + 1
    before = link.faults.total() + link.left_over.total()
    if sealed:
        frames = [seal(Kind.QUOTES, payload, epoch=engine.epoch, seq=seq), payload]
    engine.raw(TOPIC, *frames)
    taken: list[Any] = []

    def is_settled() -> bool:
        taken.extend(message for message in link.receive(100) if message.published is None)
        return link.faults.total() + link.left_over.total() > before or bool(taken)

    until(is_settled, "a verdict")
    if taken:
        engine.seq["0"] = seq
        assert sealed
        assert all(min(row[1:]) >= 0 and row.instrument_id for message in taken for row in message.rows)
