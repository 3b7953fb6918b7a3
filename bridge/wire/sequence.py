"""Does a numbered message follow the last one, or was something lost, repeated or restarted?

A number is a pair (epoch, seq): an epoch is one life of the engine and grows with every start; `seq` counts the
messages of one stream within it from 1, +1 each.
"""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    NEXT = "next"
    DUPLICATE = "duplicate"  #: this number, or a later one of the epoch, was taken before
    GAP = "gap"  #: at least one number before it is missing
    NEW_EPOCH = "new_epoch"  #: the engine was restarted
    REGRESSION = "regression"  #: the stream counts backwards within an epoch, which it never may
    OLD_EPOCH = "old_epoch"  #: left over from an earlier life of the engine


class SequenceTracker:
    """The last number that was taken from one stream; (0, 0) = none yet, so that any first one is `NEW_EPOCH`."""

    __slots__ = ("epoch", "seq")

    def __init__(self) -> None:
        self.epoch = 0
        self.seq = 0

    def judge(self, epoch: int, seq: int) -> Verdict:
        """How (epoch, seq) stands to what was taken; changes nothing."""
        if epoch != self.epoch:
            return Verdict.NEW_EPOCH if epoch > self.epoch else Verdict.OLD_EPOCH
        if seq == self.seq + 1:
            return Verdict.NEXT
        return Verdict.GAP if seq > self.seq else Verdict.DUPLICATE

    def is_ahead(self, epoch: int, last_seq: int) -> bool:
        """Was more taken than there can be, if the stream's last message was (epoch, last_seq)?"""
        return (self.epoch, self.seq) > (epoch, last_seq)

    def advance(self, epoch: int, seq: int) -> None:
        """Take (epoch, seq): the next of its epoch, or number 1 of a newer one; anything else is a `ValueError`."""
        verdict = self.judge(epoch, seq)
        if verdict is not Verdict.NEXT and (verdict is not Verdict.NEW_EPOCH or seq != 1):
            raise ValueError(f"({epoch}, {seq}) is a {verdict} after ({self.epoch}, {self.seq})")
        self.epoch, self.seq = epoch, seq

    def reset(self, epoch: int, seq: int) -> None:
        """Stand at (epoch, seq) whatever came before: after a snapshot or a finished replay."""
        if epoch < 0 or seq < 0:
            raise ValueError(f"({epoch}, {seq}) is no number of a stream")
        self.epoch, self.seq = epoch, seq
