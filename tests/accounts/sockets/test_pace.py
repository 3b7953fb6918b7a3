"""Is a burst taken, a steady stream too, and no more?"""

from __future__ import annotations

from accounts.sockets.pace import TURN_MESSAGES, Pace


class Hand:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_taken_and_then_a_message_at_a_time() -> None:
    clock = Hand()
    pace = Pace(5, 20, clock)
    assert sum(pace.take() for _ in range(30)) == 20
    clock.now += 1
    assert sum(pace.take() for _ in range(30)) == 5


def test_others_have_their_turn_now_and_then() -> None:
    pace = Pace(1, 160, Hand())
    turns = [pace.take() and pace.turn_over for _ in range(160)]
    assert sum(turns) == 160 // TURN_MESSAGES


def test_a_large_message_counts_as_several() -> None:
    pace = Pace(1, 100, Hand())
    assert sum(pace.take(10 * 1_024 - 1) for _ in range(30)) == 10
