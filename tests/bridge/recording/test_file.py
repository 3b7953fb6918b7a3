"""Does a recording come back as it was written, and is a broken one believed no further than it is whole?"""

from __future__ import annotations

import errno
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.recording.file import (
    BLOCK,
    HEAD,
    MESSAGE,
    CutOff,
    Damaged,
    Kind,
    NotARecording,
    OtherVersion,
    Recorded,
    RecordingError,
    RecordingStopped,
    RecordingWriter,
    head,
    read_recording,
)

messages = st.builds(
    Recorded,
    kind=st.sampled_from(Kind),
    at_ns=st.integers(0, 2**64 - 1),
    topic=st.binary(max_size=20),
    envelope=st.binary(min_size=32, max_size=32),
    payload=st.binary(max_size=300),
)
blocks = st.lists(st.lists(messages, min_size=1, max_size=4), max_size=6)


def written(path: Path, content: list[list[Recorded]]) -> bytes:
    """The bytes of a recording with these messages in these blocks."""
    path.unlink(missing_ok=True)
    writer = RecordingWriter(path)
    for block in content:
        for message in block:
            writer.add(message)
        writer.flush()
    writer.close()
    return path.read_bytes()


def believed(path: Path) -> tuple[list[Recorded], RecordingError | None]:
    found: list[Recorded] = []
    try:
        for message in read_recording(path):
            found.append(message)
    except RecordingError as fault:
        return found, fault
    return found, None


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recording") / "some.tmwrec"


@settings(max_examples=30)
@given(content=blocks)
def test_every_message_comes_back_as_it_was_written(path: Path, content: list[list[Recorded]]) -> None:
    written(path, content)
    assert believed(path) == ([message for block in content for message in block], None)


@settings(max_examples=30)
@given(content=blocks, data=st.data())
def test_a_cut_anywhere_leaves_the_whole_blocks_before_it_and_is_named(
    path: Path, content: list[list[Recorded]], data: st.DataObject
) -> None:
    whole = written(path, content)
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    found, fault = believed(path)
    assert found in prefixes(content)
    if path.stat().st_size in ends(whole):
        assert fault is None
    else:
        assert isinstance(fault, CutOff | NotARecording)


@settings(max_examples=30)
@given(content=blocks, data=st.data())
def test_a_flipped_bit_anywhere_is_named_and_nothing_behind_it_is_believed(
    path: Path, content: list[list[Recorded]], data: st.DataObject
) -> None:
    whole = bytearray(written(path, content))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    found, fault = believed(path)
    assert isinstance(fault, Damaged | CutOff | NotARecording)
    assert found in prefixes(content)
    assert len(found) <= sum(len(block) for block in content[: sum(end <= place for end in ends(bytes(whole)))] or [])


def prefixes(content: list[list[Recorded]]) -> list[list[Recorded]]:
    return [[message for block in content[:count] for message in block] for count in range(len(content) + 1)]


def ends(recording: bytes) -> list[int]:
    """Where the head and each block end, as far as lengths can be followed."""
    found = [HEAD.size]
    while found[-1] + BLOCK.size <= len(recording):
        found.append(found[-1] + BLOCK.size + BLOCK.unpack_from(recording, found[-1])[0])
    return [end for end in found if end <= len(recording)]


def fault_of(path: Path, content: bytes) -> RecordingError:
    path.write_bytes(content)
    found, fault = believed(path)
    assert (found, type(fault)) != ([], None)
    assert fault is not None
    return fault


def test_another_file_is_no_recording(tmp_path: Path) -> None:
    assert isinstance(fault_of(tmp_path / "a", b"symbol,price\nAAPL,1\n"), NotARecording)
    assert isinstance(fault_of(tmp_path / "a", b""), NotARecording)


def test_a_recording_of_another_version_is_said_to_be_one(tmp_path: Path) -> None:
    fault = fault_of(tmp_path / "a", head(version=2))
    assert isinstance(fault, OtherVersion)
    assert "has version 2, this program reads 1" in str(fault)


def test_a_recording_changed_as_text_is_refused(tmp_path: Path) -> None:
    assert isinstance(fault_of(tmp_path / "a", head().replace(b"\r\n", b"\n")), NotARecording)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        list(read_recording(tmp_path / "none.tmwrec"))


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"dear")
    with pytest.raises(RecordingError, match="exists already: choose another name"):
        RecordingWriter(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"dear"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be written: No such file"):
        RecordingWriter(tmp_path / "none" / "a")


@pytest.mark.parametrize(
    "content",
    [
        MESSAGE.pack(9, 1, 0, 32) + bytes(32),  # no such kind
        MESSAGE.pack(1, 1, 0, 31) + bytes(31),  # shorter than an envelope
        MESSAGE.pack(1, 1, 0, 33) + bytes(32),  # beyond the block
        b"half",
    ],
)
def test_a_message_that_no_recorder_wrote_is_refused(tmp_path: Path, content: bytes) -> None:
    packed = zlib.compress(content)
    block = BLOCK.pack(len(packed), zlib.crc32(packed)) + packed
    assert isinstance(fault_of(tmp_path / "a", head() + block), Damaged)


def test_a_block_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    packed = zlib.compress(bytes(16 * 1024 * 1024))
    block = BLOCK.pack(len(packed), zlib.crc32(packed)) + packed
    assert isinstance(fault_of(tmp_path / "a", head() + block), Damaged)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_ends_the_recording_and_says_so(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a.tmwrec")
    writer.add(Recorded(Kind.PUBLISHED, 1, b"md.0", bytes(32), b"first"))
    writer.flush()
    full = os.open("/dev/full", os.O_WRONLY)
    kept = os.dup(writer.fileno())
    os.dup2(full, writer.fileno())
    writer.add(Recorded(Kind.PUBLISHED, 2, b"md.0", bytes(32), b"second"))
    with pytest.raises(RecordingStopped, match=os.strerror(errno.ENOSPC)):
        writer.flush()
    os.dup2(kept, writer.fileno())
    writer.close()
    os.close(full)
    os.close(kept)
    found, fault = believed(tmp_path / "a.tmwrec")
    assert ([message.payload for message in found], fault) == ([b"first"], None)
