"""Does whoever follows a player have what whoever followed the engine had?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from bridge.recording.file import RecordingError, RecordingWriter, read_recording
from bridge.recording.parts import parts, summary_of
from bridge.recording.playback import Playback, PlaybackOptions
from bridge.recording.player import seek_ns
from bridge.recording.recorder import Recorder
from bridge.simulator.sockets import EngineAddresses
from bridge.sockets.keys import KeyRing
from bridge.wire.envelope import Kind, check
from bridge.wire.messages import CommandReply
from bridge.wire.vocabulary import RejectCode, ReplyOutcome
from marketdata.feed.engine import EngineFeed
from tests.bridge.recording.following import Follower, InThread, addresses_of, player_thread, recorded_until
from tests.bridge.recording.written import BEGIN_NS, STEP_NS, bid_e8, write
from tests.bridge.simulator.peer import EngineProcess, Peer
from tests.bridge.simulator.room import new_order
from tests.bridge.waiting import until
from tradingmw.env import Env

Play = Callable[..., InThread]


@pytest.fixture
def play(keyring: KeyRing, addresses: EngineAddresses, tmp_path: Path) -> Iterator[Play]:
    players: list[InThread] = []

    def begin(path: Path, **how: Any) -> InThread:
        players.append(player_thread(path, tmp_path / "player", keyring, addresses, **how))
        return players[-1]

    yield begin
    for player in players:
        player.end()


@pytest.fixture
def follower(context: zmq.Context, keyring: KeyRing, addresses: EngineAddresses) -> Iterator[Follower]:
    follower = Follower(context, keyring, addresses)
    yield follower
    follower.link.close()


def best_bid_e8(follower: Follower) -> int:
    return follower.snapshot().instruments[0].bids[0][0]


def screen(engine: EngineProcess) -> dict[str, Any]:
    """What the feed bridge makes of an engine for every screen: book, its checksum and the day's figures by symbol."""
    names = ("market_data", "commands", "queries", "work")
    own = {f"engine_{name}": value for name, value in zip(names, engine.addresses, strict=True)}
    context = zmq.Context()
    feed = EngineFeed(context, engine.keyring, Env(data_dir=engine.directory, **own))
    try:
        market = feed.synchronise(1)
        return {
            one.symbol: (
                one.book.bids.top(),
                one.book.asks.top(),
                one.book.checksum(),
                one.quote.item.last,
                one.quote.volume_e8,
                one.quote.turnover_e4,
                (one.quote.high_e8, one.quote.low_e8),
            )
            for one in market.instruments
        }
    finally:
        feed.close()
        context.destroy(linger=0)


def test_a_replay_is_the_recorded_market_message_by_message_and_at_standstill(context, tmp_path) -> None:
    """Two engine processes: one is recorded, the other plays it."""
    hold = tmp_path / "hold"
    for name in ("original", "player"):
        (tmp_path / name).mkdir()
    original = EngineProcess(tmp_path / "original", "--seed", "3", "--hold-file", str(hold))
    path = tmp_path / "some.tmwrec"
    try:
        recorded = record(context, original, path, hold)
        standing = screen(original)
    finally:
        original.kill()
    hold.touch()
    player = EngineProcess(
        tmp_path / "player", "--replay", str(path), "--speed", "1000", "--no-loop", "--hold-file", str(hold)
    )
    follower = Follower(context, player.keyring, player.addresses)
    try:
        follower.until_joined()
        hold.unlink()
        until(lambda: len(follower.batches()) >= len(recorded), "every message")
        assert follower.batches() == list(enumerate(recorded, 1))
        assert follower.snapshot().seq == len(recorded)
        assert screen(player) == standing
    finally:
        follower.link.close()
        player.kill()


def record(context: zmq.Context, engine: EngineProcess, path: Path, hold: Path) -> list[bytes]:
    """Until the market stands still: the payloads of the batches, in order."""
    writer = RecordingWriter(path)
    recorder = Recorder(context, engine.keyring, addresses_of(engine.addresses), writer)
    recorded_until(recorder, lambda: recorder.counts["published"] >= 200, "200 messages")
    hold.touch()
    last = Follower(context, engine.keyring, engine.addresses)
    begin = recorder.counts["published"]
    recorded_until(recorder, lambda: recorder.counts["published"] >= begin + 10, "heartbeats of a market that stands")
    recorder.close()
    last.link.close()
    writer.flush()
    writer.close()
    return [one.payload for one in read_recording(path) if is_batch(one.topic, one.envelope, one.payload)]


def is_batch(topic: bytes, envelope: bytes, payload: bytes) -> bool:
    return topic == b"md.0" and check(envelope, payload).kind is not Kind.MESSAGE


def test_a_replay_ends_with_the_market_standing(play, follower, tmp_path) -> None:
    play(write(tmp_path / "a.tmwrec", 30))
    until(lambda: best_bid_e8(follower) == bid_e8(30), "the end")
    assert follower.snapshot().seq == 30


def test_a_replay_begins_where_it_is_told_to(play, follower, tmp_path) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    path = write(tmp_path / "a.tmwrec", 30)
    play(path, from_ns=seek_ns(path, "1.95"), hold_file=hold)
    follower.until_joined()
    assert (best_bid_e8(follower), follower.snapshot().seq) == (bid_e8(19), 0)
    hold.unlink()
    until(lambda: best_bid_e8(follower) == bid_e8(30), "the end")
    assert [seq for seq, _ in follower.batches()] == list(range(1, 12))


def test_a_place_may_be_named_by_its_time(tmp_path) -> None:
    path = write(tmp_path / "a.tmwrec", 3)
    assert seek_ns(path, "") == BEGIN_NS
    assert seek_ns(path, "0.2") == BEGIN_NS + 2 * STEP_NS
    assert seek_ns(path, "2026-11-18T11:06:40.2Z") == seek_ns(path, "2026-11-18T12:06:40.2+01:00")
    with pytest.raises(RecordingError, match="neither seconds nor a time"):
        seek_ns(path, "noon")


def test_a_place_behind_the_end_is_refused(tmp_path, keyring, addresses) -> None:
    path = write(tmp_path / "a.tmwrec", 3)
    player = player_thread(path, tmp_path / "player", keyring, addresses, from_ns=BEGIN_NS * 2)
    until(lambda: player.failure, "the refusal")
    with pytest.raises(RecordingError, match="nothing at that time or later"):
        player.end()


def test_each_round_is_a_new_epoch(play, follower, tmp_path) -> None:
    play(write(tmp_path / "a.tmwrec", 10), speed=1, loop=True)
    until(lambda: len({one.envelope.epoch for one in follower.listen()}) >= 2, "two epochs")
    epochs = [one.envelope.epoch for one in follower.heard]
    assert epochs == sorted(epochs)


def test_each_part_is_a_new_epoch(play, follower, tmp_path) -> None:
    play(write(tmp_path / "a.tmwrec", 10, 4), speed=1)
    until(lambda: len({one.envelope.epoch for one in follower.listen()}) == 2, "the second part")
    until(lambda: best_bid_e8(follower) == bid_e8(14), "its end")
    assert follower.snapshot().seq == 4


def test_a_recording_that_is_cut_off_is_played_up_to_there_and_said_to_be_so(play, follower, tmp_path, caplog) -> None:
    path = write(tmp_path / "a.tmwrec", 10)
    path.write_bytes(path.read_bytes()[:-5])
    with caplog.at_level(logging.ERROR):
        play(path)
        until(lambda: best_bid_e8(follower) == bid_e8(9), "the last whole message")
        until(lambda: "played no further" in caplog.text, "the log line")
    assert "is cut off" in str([record.__dict__.get("why") for record in caplog.records])
    summary = summary_of(path)
    assert (summary.messages, "is cut off" in summary.fault) == (11, True)


def test_nothing_can_be_traded_in_a_replay(play, context, keyring, addresses, tmp_path) -> None:
    play(write(tmp_path / "a.tmwrec", 3))
    peer = Peer(context, keyring, addresses.commands)
    peer.hello(1)
    reply = peer.ask(new_order("one", instrument_id=7), CommandReply)
    peer.close()
    assert (reply.outcome, reply.code) == (ReplyOutcome.REJECTED, RejectCode.MARKET_CLOSED)


class Clock:
    """Microseconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_us = 1_795_000_000_000_000

    def __call__(self) -> int:
        return self.now_us


@pytest.mark.parametrize(("speed", "played"), [(0.5, 5), (1.0, 10), (3.0, 30)])
def test_the_speed_says_how_much_is_played_in_a_second(keyring, addresses, tmp_path, speed, played) -> None:
    (part,) = [next(parts(write(tmp_path / "a.tmwrec", 50)))]
    clock = Clock()
    playback = Playback(
        part, PlaybackOptions(speed), directory=tmp_path / "p", keyring=keyring, addresses=addresses, clock_us=clock
    )
    for _ in range(9):
        clock.now_us += 100_000
        playback.serve_once(0)
    playback.close()
    assert abs(playback.played - played * 0.9) <= 1.5


def test_the_market_stands_while_the_file_exists(keyring, addresses, tmp_path) -> None:
    (tmp_path / "hold").touch()
    part = next(parts(write(tmp_path / "a.tmwrec", 50)))
    clock = Clock()
    how = PlaybackOptions(1000, tmp_path / "hold")
    playback = Playback(part, how, directory=tmp_path / "p", keyring=keyring, addresses=addresses, clock_us=clock)
    for _ in range(9):
        clock.now_us += 100_000
        playback.serve_once(0)
    playback.close()
    assert playback.played == 0
