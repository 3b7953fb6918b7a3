"""Which execution reports were there, in which order, and from where does a replay start?

The log is the journal; here are only the places of its reports, eight bytes each. Reports are numbered from 1 in each
epoch, without holes, so (epoch, seq) is found by arithmetic.
"""

from __future__ import annotations

import re
from array import array
from typing import NamedTuple

from bridge.simulator.journal import Journal, JournalFault, RecordKind
from bridge.wire.codec import decode_from_engine, encode
from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import ExecType


class ReplayPoint(NamedTuple):
    """Where a replay begins in the log, and whether nothing that was asked for is missing before it."""

    position: int
    complete: bool


NOWHERE = ReplayPoint(0, False)
EXEC_ID = re.compile(r"([1-9]\d{0,18})-([1-9]\d{0,18})")  #: epoch and number of its report


class ReportLog:
    """All reports of all epochs that the journal holds."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._offsets = array("Q")
        self._first_index: dict[int, int] = {}  #: epoch → index of its report number 1
        self._amendments: dict[str, ExecutionReport] = {}  #: by the execution that it speaks of
        self.epoch = 0
        self.last_seq = 0

    def __len__(self) -> int:
        return len(self._offsets)

    def begin(self, epoch: int) -> None:
        """From now on reports belong to `epoch`."""
        if epoch <= self.epoch:
            raise JournalFault(f"Epoch {epoch} does not follow {self.epoch}.")
        self.epoch, self.last_seq = epoch, 0
        self._first_index[epoch] = len(self._offsets)

    def restore(self, report: ExecutionReport, offset: int) -> None:
        """Take in a report that the journal holds already."""
        if (report.epoch, report.seq) != (self.epoch, self.last_seq + 1):
            raise JournalFault(f"Report ({report.epoch}, {report.seq}) follows ({self.epoch}, {self.last_seq}).")
        self.last_seq = report.seq
        self._offsets.append(offset)
        if report.ref_exec_id is not None:
            self._amendments[report.ref_exec_id] = report

    def append(self, report: ExecutionReport) -> tuple[bytes, bytes]:
        """Journal the next report; its frames, to be sent after the commit."""
        header, payload = encode(report)
        offset = self._journal.append(RecordKind.REPORT, report.transacted_at_us, report.epoch, (header, payload))
        self.restore(report, offset)
        return header, payload

    def find(self, epoch: int, after_seq: int) -> ReplayPoint:
        """The first report after (`epoch`, `after_seq`); epoch 0 = all. Not complete: that number is unknown here."""
        if epoch == 0:
            return ReplayPoint(0, True)
        if epoch not in self._first_index:
            later = [first for known, first in self._first_index.items() if known > epoch]
            return ReplayPoint(min(later, default=len(self)), False)
        first = self._first_index[epoch]
        end = min((start for known, start in self._first_index.items() if known > epoch), default=len(self))
        return ReplayPoint(min(first + after_seq, end), first + after_seq <= end)

    def standing(self, exec_id: str) -> ExecutionReport | None:
        """By which report the trade counts now: its own, or that of its last bust or correction; None = no trade."""
        report = self._told(exec_id)
        if report is None or report.exec_type not in (ExecType.TRADE, ExecType.TRADE_CORRECT):
            return None
        while later := self._amendments.get(report.exec_id):
            report = later
        return report

    def _told(self, exec_id: str) -> ExecutionReport | None:
        numbers = EXEC_ID.fullmatch(exec_id)
        point = self.find(int(numbers[1]), int(numbers[2]) - 1) if numbers else NOWHERE
        if not point.complete or point.position >= len(self):
            return None
        report = decode_from_engine(self.frames(point.position))
        return report if isinstance(report, ExecutionReport) and report.exec_id == exec_id else None

    def frames(self, index: int) -> tuple[bytes, bytes]:
        """The frames of a committed report."""
        return self._journal.frames_at(self._offsets[index])
