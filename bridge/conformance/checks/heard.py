"""What can be asked of everything that the engine has said in all the checks together? Played last."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.conversation import Heard
from bridge.conformance.subject import Subject
from bridge.conformance.trading import OPEN, trading
from bridge.conformance.verdicts import require
from bridge.wire.messages import CommandReply, EngineHeartbeat, ExecutionReport, OrderList, OrderStatus, Welcome

HEARD = Catalogue()
CLOCKS_APART_US = 1_000_000
SHOWN = 3


@HEARD.check("ExecutionReport", core=True)
def report_quantities(subject: Subject) -> str:
    """In every report `quantityE8` = `cumQuantityE8` + `leavesQuantityE8` while the order is open; then nothing is
    left."""
    _speak(subject)
    reports = [message for _, message in subject.heard if isinstance(message, ExecutionReport)]
    for report in reports:
        rest = report.quantity_e8 - report.cum_quantity_e8 if report.status in OPEN else 0
        numbers = f"{report.quantity_e8}, {report.cum_quantity_e8}, {report.leaves_quantity_e8}"
        require(report.leaves_quantity_e8 == rest, f"report {report.seq}, {report.status}: {numbers}")
    return f"{len(reports)} reports"


@HEARD.check("Messages", core=True)
def readable(subject: Subject) -> str:
    """Everything that the engine said on the command and query sockets, in all checks, can be read."""
    _speak(subject)
    unreadable = subject.record.unreadable
    shown = "; ".join(unreadable[:SHOWN])
    require(not unreadable, f"{len(unreadable)} messages cannot be read: {shown}")
    return f"{len(subject.heard)} messages"


@HEARD.check("Commands", core=True)
def clock(subject: Subject) -> str:
    """The engine's clock is within a second of ours, never goes back, and answers are not sent before they are
    received."""
    _speak(subject)
    stamped = [(heard.at_us, sent_us) for heard in subject.heard if (sent_us := _sent_us(heard)) is not None]
    behind_us = min(at_us - sent_us for at_us, sent_us in stamped)  # the way takes time: the shortest one counts
    require(abs(behind_us) <= CLOCKS_APART_US, f"the engine's clock is {behind_us / 1e6:+.3f} s behind ours")
    replies = sorted(_replies(subject), key=lambda reply: (reply.session, reply.command_seq))
    back_us = max((before.received_at_us - after.received_at_us for before, after in pairwise(replies)), default=0)
    require(back_us <= 0, f"the clock went back by {back_us} µs between two commands")
    early = sum(reply.sent_at_us < reply.received_at_us for reply in replies)
    require(not early, f"{early} replies were sent before their commands were received")
    return f"{abs(behind_us) / 1000:.1f} ms apart at most, over {len(stamped)} messages"


def _replies(subject: Subject) -> Iterator[CommandReply]:
    return (message for _, message in subject.heard if isinstance(message, CommandReply))


def _sent_us(heard: Heard) -> int | None:
    timed = Welcome | EngineHeartbeat | CommandReply | OrderStatus | OrderList
    return heard.message.sent_at_us if isinstance(heard.message, timed) else None


def _speak(subject: Subject) -> None:
    """There is something to judge, also where this check is played alone."""
    with trading(subject) as trader:
        trader.cancel(trader.rest())
