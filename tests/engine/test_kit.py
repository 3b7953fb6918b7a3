"""The C++ kit reads and writes what Python does: the golden vectors, and whatever else may come.

One file, because the kit is built once for each process that runs tests, and a file is never split between them.
"""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.wire.codec import encode_numbered
from bridge.wire.envelope import check, seal
from bridge.wire.faults import WireError
from bridge.wire.golden.__main__ import VECTORS, documents
from bridge.wire.sequence import SequenceTracker
from tests.bridge.wire.readers import BATCHES, read
from tests.engine.damage import KINDS, WRITERS, batches, damaged, messages

pytestmark = pytest.mark.timeout(600)  # whoever comes first compiles
STORED = {name: json.loads((VECTORS / name).read_text(encoding="ascii")) for name in documents()}
MESSAGES = {vector["name"]: vector for vector in STORED["messages.json"]}


def frames(vector):
    return [bytes.fromhex(vector["envelope"]), bytes.fromhex(vector["payload"])]


def test_the_kits_own_program_passes_all_vectors(kit):
    done = subprocess.run([kit / "vectors", VECTORS], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    least = 3 * len(STORED["messages.json"]) + 3 * len(STORED["market.json"]) + len(STORED["malformed.json"])
    assert int(done.stdout.split()[0]) == least + len(STORED["tolerated.json"])


@pytest.mark.parametrize("name", ["messages.json", "market.json"])
def test_the_kit_writes_what_it_reads_byte_for_byte(kit_filter, name):
    for vector in STORED[name]:
        assert kit_filter.read_and_write(vector["decoder"], frames(vector)) == frames(vector), vector["name"]


def test_the_kit_takes_other_bytes_of_the_same_meaning(kit_filter):
    for vector in STORED["tolerated.json"]:
        meant = frames(MESSAGES[vector["means"]])
        assert kit_filter.read_and_write(vector["decoder"], frames(vector)) == meant, vector["name"]


def test_the_kit_refuses_malformed_frames_for_the_same_reason(kit_filter):
    for vector in STORED["malformed.json"]:
        bad = [bytes.fromhex(frame) for frame in vector["frames"]]
        assert kit_filter.read_and_write(vector["decoder"], bad) == vector["reason"], vector["name"]


def python_read_and_write(decoder, frames):
    """What Python writes of what it has read, or why it refuses the frames."""
    try:
        said = read(decoder, frames)
    except WireError as error:
        return error.reason
    envelope = check(*frames)
    if decoder in BATCHES:
        payload = WRITERS[decoder](said)
        return [seal(KINDS[decoder], payload, epoch=envelope.epoch, seq=envelope.seq), payload]
    return encode_numbered(said, envelope.epoch, envelope.seq)


@settings(max_examples=150)
@given(said=messages() | batches())
def test_what_python_writes_the_kit_reads_and_writes_alike(kit_filter, said):
    decoder, frames = said
    assert kit_filter.read_and_write(decoder, frames) == frames


@settings(max_examples=600)
@example(said=("to_engine", []))
@example(said=("query", [b"", b""]))
@given(said=damaged(messages() | batches()))
def test_damaged_frames_are_taken_or_refused_alike(kit_filter, said):
    decoder, frames = said
    assert kit_filter.read_and_write(decoder, frames) == python_read_and_write(decoder, frames)


def python_verdicts(numbers):
    stream = SequenceTracker()
    for epoch, seq in numbers:
        verdict = stream.judge(epoch, seq)
        try:
            stream.advance(epoch, seq)
        except ValueError:
            yield verdict
        else:
            yield f"{verdict}+"


@given(numbers=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=12))
def test_both_judge_the_numbers_of_a_stream_alike(kit_filter, numbers):
    assert kit_filter.verdicts(numbers) == list(python_verdicts(numbers))
