"""The journal: whatever is torn, what was committed is read back exactly, and nothing else."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.simulator.journal import (
    FILE_NAME,
    MAGIC,
    Journal,
    JournalFault,
    Record,
    RecordKind,
    read_journal,
    set_aside,
)
from tests.bridge.simulator.room import OPENED


def content(record: Record) -> tuple[RecordKind, int, int, tuple[bytes, bytes]]:
    return record.kind, record.at_us, record.session, record.frames


def opened(directory: Path) -> Journal:
    journal = Journal(directory)
    OPENED.append(journal)
    return journal


def written(directory: Path, *passes: list[bytes]) -> Journal:
    journal = opened(directory)
    for number, bodies in enumerate(passes):
        for body in bodies:
            journal.append(RecordKind.COMMAND, number, 7, (b"envelope", body))
        journal.commit(number)
    return journal


def bodies(directory: Path) -> list[bytes]:
    return [record.payload for record in read_journal(directory)]


def test_what_was_committed_is_read_back(tmp_path: Path) -> None:
    written(tmp_path, [b"one", b"two"], [b"three"])
    assert [content(record) for record in read_journal(tmp_path)] == [
        (RecordKind.COMMAND, 0, 7, (b"envelope", b"one")),
        (RecordKind.COMMAND, 0, 7, (b"envelope", b"two")),
        (RecordKind.COMMAND, 1, 7, (b"envelope", b"three")),
    ]


def test_what_is_not_committed_is_not_shown(tmp_path: Path) -> None:
    journal = written(tmp_path, [b"one"])
    journal.append(RecordKind.COMMAND, 2, 7, (b"", b"two"))
    assert bodies(tmp_path) == [b"one"]


def test_a_pass_without_records_writes_nothing(tmp_path: Path) -> None:
    journal = written(tmp_path, [b"one"])
    size = journal.path.stat().st_size
    journal.commit(9)
    assert journal.path.stat().st_size == size


def test_a_record_is_found_by_its_offset(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    offsets = [journal.append(RecordKind.REPORT, 1, 1, (b"head", b"%d" % number)) for number in range(50)]
    journal.commit(1)
    assert [journal.frames_at(offset)[1] for offset in offsets] == [b"%d" % number for number in range(50)]


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    written(tmp_path, [b"one"]).close()
    written(tmp_path, [b"two"]).close()
    assert bodies(tmp_path) == [b"one", b"two"]


@pytest.mark.parametrize("cut", [1, 5, 30, 60])
def test_a_torn_tail_is_cut_kept_aside_and_logged(tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, [b"one"], [b"two" * 20]).close()
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:-cut])
    with caplog.at_level(logging.WARNING):
        journal = opened(tmp_path)
    assert "tail" in caplog.text
    assert len(list(tmp_path.glob(f"{FILE_NAME}.cut-at-*"))) == 1
    journal.append(RecordKind.COMMAND, 3, 7, (b"", b"three"))
    journal.commit(3)
    assert bodies(tmp_path) == [b"one", b"three"]


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_flipped_bit_never_invents_a_record(position: int, flip: int) -> None:

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        passes = [[b"a%d" % number, b"b%d" % number] for number in range(5)]
        written(directory, *passes).close()
        path = directory / FILE_NAME
        data = bytearray(path.read_bytes())
        index = len(MAGIC) + position % (len(data) - len(MAGIC))
        data[index] ^= flip
        path.write_bytes(data)
        whole = [body for bodies_of_pass in passes for body in bodies_of_pass]
        found = bodies(directory)
        assert found == whole[: len(found)]
        assert len(found) % 2 == 0


def test_a_strange_file_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"something else, and long enough")
    with pytest.raises(JournalFault):
        list(read_journal(tmp_path))
    with pytest.raises(JournalFault):
        Journal(tmp_path)


def test_a_journal_that_is_set_aside_can_still_be_read(tmp_path: Path) -> None:
    written(tmp_path, [b"one"]).close()
    aside = set_aside(tmp_path, 5)
    assert aside is not None
    assert [record.payload for record in read_journal(aside)] == [b"one"]
    assert not Journal.exists(tmp_path)
    assert set_aside(tmp_path, 6) is None
