"""A stream's tracker never takes a message twice, out of order, or over a hole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.wire.sequence import SequenceTracker, Verdict

small = st.integers(0, 6)


def at(epoch, seq):
    tracker = SequenceTracker()
    tracker.reset(epoch, seq)
    return tracker


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        ((3, 8), Verdict.NEXT),
        ((3, 7), Verdict.DUPLICATE),
        ((3, 1), Verdict.DUPLICATE),
        ((3, 9), Verdict.GAP),
        ((4, 1), Verdict.NEW_EPOCH),
        ((4, 8), Verdict.NEW_EPOCH),
        ((2, 8), Verdict.OLD_EPOCH),
    ],
)
def test_each_number_gets_its_verdict(number, verdict):
    assert at(3, 7).judge(*number) is verdict


def test_the_first_number_ever_is_a_new_epoch():
    assert SequenceTracker().judge(1, 1) is Verdict.NEW_EPOCH


def test_looking_changes_nothing():
    tracker = at(3, 7)
    tracker.judge(9, 9)
    assert (tracker.epoch, tracker.seq) == (3, 7)


@pytest.mark.parametrize("number", [(3, 7), (3, 9), (2, 8), (4, 2)])
def test_nothing_is_taken_over_a_hole_or_twice(number):
    tracker = at(3, 7)
    with pytest.raises(ValueError, match="after"):
        tracker.advance(*number)
    assert (tracker.epoch, tracker.seq) == (3, 7)


@pytest.mark.parametrize("number", [(-1, 0), (0, -1)])
def test_there_are_no_negative_numbers(number):
    with pytest.raises(ValueError, match="no number"):
        SequenceTracker().reset(*number)


@given(st.lists(st.tuples(small, small), max_size=40))
def test_what_is_taken_by_its_verdict_is_always_whole(numbers):
    tracker, taken = SequenceTracker(), []
    for number in numbers:
        fresh_start = tracker.judge(*number) is Verdict.NEW_EPOCH and number[1] == 1
        if tracker.judge(*number) is Verdict.NEXT or fresh_start:
            tracker.advance(*number)
            taken.append(number)
    by_epoch = {epoch: [seq for of, seq in taken if of == epoch] for epoch, _ in taken}
    assert taken == sorted(taken)
    assert all(seqs == list(range(1, len(seqs) + 1)) for epoch, seqs in by_epoch.items() if epoch)


class LossyStream(RuleBasedStateMachine):
    """An engine that restarts, a network that loses and repeats, a reader that takes snapshots after a hole."""

    def __init__(self):
        super().__init__()
        self.epoch, self.sent = 1, 0
        self.seen: set[tuple[int, int]] = set()  #: applied, or contained in a snapshot
        self.in_flight: list[tuple[int, int]] = []
        self.tracker = SequenceTracker()

    @rule()
    def send(self):
        self.sent += 1
        self.in_flight.append((self.epoch, self.sent))

    @rule()
    def restart(self):
        self.epoch, self.sent = self.epoch + 1, 0

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def lose(self, data):
        self.in_flight.pop(data.draw(st.integers(0, len(self.in_flight) - 1)))

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def repeat(self, data):
        position = data.draw(st.integers(0, len(self.in_flight) - 1))
        self.in_flight.insert(position, self.in_flight[position])

    @precondition(lambda self: self.in_flight)
    @rule()
    def receive(self):
        number = self.in_flight.pop(0)
        verdict = self.tracker.judge(*number)
        if verdict is Verdict.NEXT or (verdict is Verdict.NEW_EPOCH and number[1] == 1):
            assert number not in self.seen
            self.tracker.advance(*number)
            self.seen.add(number)
        elif verdict in {Verdict.GAP, Verdict.NEW_EPOCH}:
            self.snapshot()
        elif verdict is Verdict.DUPLICATE:
            assert number in self.seen
        else:
            assert number[0] < self.tracker.epoch

    @rule()
    def heartbeat(self):
        if (self.epoch, self.sent) > (self.tracker.epoch, self.tracker.seq):
            self.snapshot()

    def snapshot(self):
        self.tracker.reset(self.epoch, self.sent)
        self.seen |= {(self.epoch, seq) for seq in range(1, self.sent + 1)}

    @invariant()
    def everything_up_to_the_tracker_is_known(self):
        epoch, seq = self.tracker.epoch, self.tracker.seq
        assert all((epoch, each) in self.seen for each in range(1, seq + 1))

    @invariant()
    def the_tracker_is_never_ahead_of_the_engine(self):
        assert (self.tracker.epoch, self.tracker.seq) <= (self.epoch, self.sent)


TestLossyStream = LossyStream.TestCase
