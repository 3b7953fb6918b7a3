"""Does the feed bench measure the real feed bridge, and would it see a hole?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from bench.children import ROOT
from bench.feed_count import FeedCount
from bench.feed_load import free_addresses
from bench.feed_source import MARKETS, batches
from bridge.sockets.curve import KeyRing, Role, make_keys
from bridge.sockets.exchange import LayerPublisher
from bridge.wire.market import read_rows
from marketdata.feed.publication import Publication
from marketdata.frames import FeedState
from tests.bridge.waiting import until

SECONDS = 120


@pytest.fixture
def count(tmp_path: Path) -> Iterator[tuple[FeedCount, Publication]]:
    """The counter, and frames that reach it."""
    make_keys(tmp_path / "keys")
    address = free_addresses("layer")["layer"]
    counter = FeedCount(tmp_path / "keys", address)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    publisher = LayerPublisher(context, KeyRing(tmp_path / "keys"), Role.FEED_BRIDGE, address)
    assert publisher.wait_connected(10.0)
    publication = Publication(publisher)
    publication.begin(7, ["0"])
    yield counter, publication
    publisher.close()
    counter.close()
    context.term()


def publish(publication: Publication, *seqs: int) -> None:
    publication.publish("0", [part for seq in seqs for part in ("quotes:A", seq, b"{}", b"\x80")], 0, FeedState.LIVE, 0)


def test_updates_are_counted_and_each_hole_in_numbers_is_seen(count: tuple[FeedCount, Publication]) -> None:
    counter, publication = count
    publish(publication, 1, 2, 3)
    publish(publication, 5)
    publication.numbers["0"] += 1
    publish(publication, 6)
    until(lambda: counter.updates == 5, "all updates")
    assert +counter.faults == {"epochs": 1, "updates": 1, "frames": 1}


@pytest.mark.parametrize("market", MARKETS)
def test_what_is_sent_round_and_round_can_be_read(market: str) -> None:
    made = batches(market, rows=8, seed=1)[:18]
    assert all(len(read_rows(kind, payload)) == 8 for kind, payload in made)


def test_the_one_command_measures_the_feed_bridge(tmp_path: Path) -> None:
    words = ["--only", "ours-batches", "--repetitions", "1", "--seconds", "0.5", "--json", str(tmp_path / "found.json")]
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "feed", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    (row,) = json.loads((tmp_path / "found.json").read_text())["runs"]
    assert row.get("per_second", 0) > 0, done.stdout + done.stderr
