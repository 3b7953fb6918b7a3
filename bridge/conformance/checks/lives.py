"""What does the engine still know after it was ended and started again?"""

from __future__ import annotations

import time

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.checks.reports import replayed
from bridge.conformance.subject import Subject
from bridge.conformance.trading import Trader, told, trading
from bridge.conformance.verdicts import NotRun, Unmet, require
from bridge.wire.messages import NewOrder, Welcome
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome

LIVES = Catalogue()
RETURN_SECONDS = 60.0


@LIVES.check("What an engine keeps")
def restart(subject: Subject) -> str:
    """After a restart: a greater epoch, the fence, every client order id, the symbols, and all reports; an order at
    rest is open or reported `canceled`."""
    if subject.terms.restart is None:
        raise NotRun("it needs --restart-command, which ends the engine and starts it again")
    symbols = _symbols(subject)
    with trading(subject) as trader:
        order = trader.rest()
        first, session = trader.conversation.welcome, trader.conversation.session
        seq = trader.report(order, ExecType.NEW).seq
        subject.terms.restart()
        _await_return(subject)
    _fence_holds(subject, session)
    with trading(subject) as trader:
        epoch = trader.conversation.welcome.epoch
        require(epoch > first.epoch, f"the epoch was {first.epoch} and is {epoch}")
        _order_is_held(trader, order)
        _reports_are_held(trader, order, first, seq)
    require(_symbols(subject) == symbols, "the symbols are others than before")
    return f"epoch {first.epoch}, then {epoch}; fence, order and reports are there"


def _symbols(subject: Subject) -> set[str]:
    return {row.symbol for row in subject.instruments().instruments}


def _await_return(subject: Subject) -> None:
    deadline = time.monotonic() + RETURN_SECONDS
    while True:
        try:
            with subject.welcomed():
                return
        except Unmet:
            require(time.monotonic() < deadline, f"it welcomed nobody within {RETURN_SECONDS:g} s of its restart")


def _fence_holds(subject: Subject, session: int) -> None:
    with subject.connected(session) as older:
        older.say_hello()
        code = older.refusal().code
    require(code is RejectCode.STALE_SESSION, f"the session of before the restart was refused with {code}")


def _order_is_held(trader: Trader, order: NewOrder) -> None:
    reply = trader.conversation.reply_to(trader.again(order))
    require(reply.outcome is ReplyOutcome.DUPLICATE, f"the repeat of an order of before was answered {told(reply)}")


def _reports_are_held(trader: Trader, order: NewOrder, first: Welcome, seq: int) -> None:
    reports, done = replayed(trader, first.epoch, seq - 1)
    require(done.complete, "ReplayDone says that reports of the epoch before are missing")
    ours = [report for report in reports if report.order_id == order.order_id]
    require(ours and (ours[0].epoch, ours[0].seq) == (first.epoch, seq), "the order's report `new` does not come again")
    status = trader.status(order).status
    ended = status is EngineOrderStatus.CANCELED and ours[-1].exec_type is ExecType.CANCELED
    require(status is EngineOrderStatus.NEW or ended, f"the order is {status}, its last report {ours[-1].exec_type}")
    trader.cancel(order)
