"""Is nothing of an earlier life of the engine left out on the way into the next one?"""

from __future__ import annotations

import pytest

from bridge.wire.messages import ReplayDone, ReplayRequest
from bridge.wire.vocabulary import ExecType
from orders.core.book import Phase
from orders.core.inputs import EngineBeat, LinkDown, LinkUp, Replayed, Tick, Unreadable
from orders.core.linking import REPLAY_PATIENCE_US
from orders.core.state import Cursor, OrderState
from tests.orders.core.desk import EPOCH, INSTRUMENTS, SECOND_US, Desk

NEXT = EPOCH + 1


@pytest.fixture
def desk() -> Desk:
    """The engine has begun its next life, and has said something in it; a fill of the last one is to be replayed."""
    desk = Desk()
    desk.go_live()
    return desk


def back_in_the_next_epoch(desk: Desk) -> OrderState:
    order = desk.acknowledged()
    desk.do(LinkDown("restarted"))
    desk.do(LinkUp(NEXT, 1, INSTRUMENTS))
    return order


def done(desk: Desk) -> Replayed:
    return Replayed(ReplayDone(session=desk.book.session, epoch=NEXT, last_seq=1, complete=True))


def test_the_first_report_of_an_epoch_is_not_taken_after_something_unreadable(desk: Desk) -> None:
    order = back_in_the_next_epoch(desk)
    draft = desk.do(Unreadable(), desk.report(order, ExecType.NEW, epoch=NEXT, seq=1))
    assert draft.counts["early_reports"] == 1
    assert desk.book.cursor == Cursor(EPOCH, 1)


def test_a_replay_that_could_not_be_read_is_asked_for_again(desk: Desk) -> None:
    order = back_in_the_next_epoch(desk)
    desk.do(Unreadable(), done(desk))
    assert (desk.book.cursor, desk.book.link.phase) == (Cursor(EPOCH, 1), Phase.REPLAYING)
    desk.now_us += SECOND_US
    assert isinstance(desk.do(Tick()).to_engine[0], ReplayRequest)
    desk.do(
        desk.report(order, ExecType.TRADE, epoch=EPOCH, seq=2, fill=(10, 150)),
        desk.report(order, ExecType.NEW, epoch=NEXT, seq=1),
        done(desk),
    )
    assert desk.book.cursor == Cursor(NEXT, 1)
    assert desk.now(order).filled_e8 > 0


def test_what_was_unreadable_before_a_replay_does_not_spoil_it(desk: Desk) -> None:
    order = desk.acknowledged()
    desk.do(Unreadable(), LinkDown("restarted"))
    desk.do(LinkUp(NEXT, 1, INSTRUMENTS))
    desk.do(desk.report(order, ExecType.NEW, epoch=NEXT, seq=1))
    assert desk.book.cursor == Cursor(NEXT, 1)


def waiting_for_a_replay(desk: Desk) -> OrderState:
    """The second report is missing, and asked for."""
    order = desk.acknowledged()
    desk.do(EngineBeat(EPOCH, 9))
    assert replays(desk) == 1
    return order


def replays(desk: Desk) -> int:
    """Asked for since this session began, but for the first."""
    return sum(isinstance(message, ReplayRequest) for message in desk.sent) - 1


def test_a_replay_of_which_nothing_comes_is_asked_for_again(desk: Desk) -> None:
    waiting_for_a_replay(desk)
    desk.now_us += REPLAY_PATIENCE_US - 1
    desk.do(EngineBeat(EPOCH, 9))
    assert replays(desk) == 1
    desk.now_us += 1
    desk.do(EngineBeat(EPOCH, 9))
    assert replays(desk) == 2


def test_a_replay_that_goes_on_is_waited_for(desk: Desk) -> None:
    order = waiting_for_a_replay(desk)
    for seq in range(2, 9):
        desk.now_us += REPLAY_PATIENCE_US // 2
        desk.do(desk.report(order, ExecType.TRADE, seq=seq, fill=(1, 150)), EngineBeat(EPOCH, 9))
    assert replays(desk) == 1
