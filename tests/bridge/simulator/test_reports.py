"""Where a replay starts, for every number a bridge may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.simulator.journal import Journal, JournalFault, RecordKind
from bridge.simulator.reports import ReplayPoint, ReportLog
from bridge.wire.codec import encode
from tests.bridge.simulator.room import Room, new_order


def log_of(tmp_path: Path) -> ReportLog:
    """Epoch 1,000 with two reports, epoch 2,000 with none, epoch 3,000 with one."""
    for now_us, names in ((1_000, ("a", "b")), (2_000, ()), (3_000, ("c",))):
        room = Room(tmp_path, now_us=now_us)
        for name in names:
            journaled(room, name)
    return room.log


def journaled(room: Room, name: str) -> None:
    header, payload = encode(new_order(name))
    room.journal.append(RecordKind.COMMAND, room.now_us, 1, (header, payload))
    room.new(name)
    room.journal.commit(room.now_us)


@pytest.mark.parametrize(
    ("epoch", "after_seq", "point"),
    [
        (0, 0, ReplayPoint(0, True)),
        (1_000, 0, ReplayPoint(0, True)),
        (1_000, 1, ReplayPoint(1, True)),
        (1_000, 2, ReplayPoint(2, True)),
        (1_000, 9, ReplayPoint(2, False)),
        (2_000, 0, ReplayPoint(2, True)),
        (3_000, 1, ReplayPoint(3, True)),
        (500, 4, ReplayPoint(0, False)),
        (1_500, 4, ReplayPoint(2, False)),
        (9_000, 1, ReplayPoint(3, False)),
    ],
)
def test_a_replay_starts_after_the_number_that_is_known(
    tmp_path: Path, epoch: int, after_seq: int, point: ReplayPoint
) -> None:
    assert log_of(tmp_path).find(epoch, after_seq) == point


def test_an_epoch_never_comes_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    log = ReportLog(journal)
    log.begin(5)
    with pytest.raises(JournalFault):
        log.begin(5)
    journal.close()
