"""Is everything recorded that the engine published, and what is not whole said to be so? Against a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from bridge.recording.file import Kind, RecordingWriter, read_recording
from bridge.recording.parts import parts, summary_of
from bridge.recording.recorder import Addresses, Recorder
from bridge.simulator.market import DemoMarket
from bridge.sockets.keys import KeyRing
from bridge.wire.envelope import Kind as Payload
from bridge.wire.envelope import check
from tests.bridge.recording.following import (
    Follower,
    addresses_of,
    engine_thread,
    recorded_until,
)


class Recording:
    """A recorder and its file."""

    def __init__(self, context: zmq.Context, keyring: KeyRing, addresses: Addresses, path: Path) -> None:
        self.path = path
        self.writer = RecordingWriter(path)
        self.recorder = Recorder(context, keyring, addresses, self.writer)

    def until_recorded(self, messages: int) -> None:
        begin = self.recorder.counts["published"]
        recorded_until(self.recorder, lambda: self.recorder.counts["published"] >= begin + messages, "messages")

    def finish(self) -> Path:
        self.writer.flush()
        return self.path


@pytest.fixture
def recording(context, keyring, addresses, tmp_path) -> Iterator[Recording]:
    recording = Recording(context, keyring, addresses_of(addresses), tmp_path / "some.tmwrec")
    yield recording
    recording.recorder.close()
    recording.writer.close()


def test_a_recording_holds_what_a_follower_heard_byte_for_byte_and_in_order(
    context, keyring, addresses, recording, tmp_path
) -> None:
    engine = engine_thread(DemoMarket(1), tmp_path / "engine", keyring, addresses)
    follower = Follower(context, keyring, addresses)
    follower.until_joined()
    recording.until_recorded(100)
    heard = dict(follower.batches())
    engine.end()
    for part in parts(recording.finish()):
        recorded = {
            check(one.envelope, one.payload).seq: one.payload
            for one in part.messages
            if one.topic == b"md.0" and check(one.envelope, one.payload).kind is not Payload.MESSAGE
        }
    both = sorted(heard.keys() & recorded.keys())
    assert len(both) >= 20
    assert [heard[seq] for seq in both] == [recorded[seq] for seq in both]
    assert sorted(recorded) == list(range(min(recorded), max(recorded) + 1))


def test_a_new_epoch_begins_a_new_part(context, keyring, addresses, recording, tmp_path) -> None:
    engine = engine_thread(DemoMarket(1), tmp_path / "engine", keyring, addresses)
    recording.until_recorded(20)
    engine.end()
    engine = engine_thread(DemoMarket(1), tmp_path / "engine", keyring, addresses)
    before = recording.recorder.counts["parts"]
    recorded_until(recording.recorder, lambda: recording.recorder.counts["parts"] > before, "another part")
    recording.until_recorded(20)
    engine.end()
    summary = summary_of(recording.finish())
    assert (summary.parts, summary.instruments, summary.fault) == (recording.recorder.counts["parts"], 5, "")
    epochs = [part.epoch for part in parts(recording.path)]
    assert (epochs, len(set(epochs))) == (sorted(epochs), 2)


def test_a_recorder_waits_for_an_engine_that_is_not_there_yet(keyring, addresses, recording, tmp_path) -> None:
    recorded_until(recording.recorder, lambda: recording.recorder.counts["away"], "a question without an answer")
    engine = engine_thread(DemoMarket(1), tmp_path / "engine", keyring, addresses)
    recording.until_recorded(5)
    engine.end()
    kinds = [message.kind for message in read_recording(recording.finish())]
    assert kinds[:2] == [Kind.TABLE, Kind.SNAPSHOT]
