"""Are the reports numbered, and can those that were missed be had again?"""

from __future__ import annotations

from bridge.conformance.catalogue import Catalogue
from bridge.conformance.subject import Subject
from bridge.conformance.trading import Trader, trading
from bridge.conformance.verdicts import require
from bridge.wire.messages import ExecutionReport, ReplayDone, ReplayRequest
from bridge.wire.vocabulary import ExecType

REPORTS = Catalogue()
ORDERS = 4
BEYOND = 1_000


@REPORTS.check("Order, replay, slow readers", core=True)
def report_sequence(subject: Subject) -> str:
    """Live reports come with the epoch of Welcome, +1 each, each execution id once; replies do not run ahead of it."""
    with trading(subject) as trader:
        _make_reports(trader)
        welcome, reports = trader.conversation.welcome, trader.conversation.reports()
    numbers = [report.seq for report in reports]
    expected = list(range(welcome.last_seq + 1, welcome.last_seq + 1 + len(reports)))
    require(numbers == expected, f"after report {welcome.last_seq} came {_some(numbers)}")
    require({report.epoch for report in reports} == {welcome.epoch}, "a report of another epoch came")
    require(len({report.exec_id for report in reports}) == len(reports), "an execution id came twice")
    return f"reports {numbers[0]} to {numbers[-1]}"


def _make_reports(trader: Trader) -> None:
    """Eight of them, all here."""
    for _ in range(ORDERS):
        order = trader.rest()
        trader.cancel(order)
        trader.report(order, ExecType.CANCELED)
        trader.status(order)


def _some(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:12]))


@REPORTS.check("Order, replay, slow readers", core=True)
def replay(subject: Subject) -> str:
    """After a gap, replay brings every report behind the number asked for, as it was, in order, then ReplayDone."""
    with trading(subject) as trader:
        _make_reports(trader)
        live = {report.seq: report for report in trader.conversation.reports()}
    with trading(subject) as trader:
        welcome = trader.conversation.welcome
        after = min(live) + 1
        reports, done = replayed(trader, welcome.epoch, after)
    numbers = [report.seq for report in reports]
    expected = list(range(after + 1, welcome.last_seq + 1))
    require(numbers == expected, f"replay after {after} to {welcome.last_seq} brought {_some(numbers)}")
    changed = [report.seq for report in reports if live.get(report.seq, report) != report]
    require(not changed, f"the reports {_some(changed)} came otherwise than when they were live")
    require(done.complete, "ReplayDone says that reports are missing")
    require(done.last_seq == welcome.last_seq, f"ReplayDone says {done.last_seq}, the last was {welcome.last_seq}")
    return f"{len(reports)} reports and ReplayDone"


def replayed(trader: Trader, epoch: int, after_seq: int) -> tuple[list[ExecutionReport], ReplayDone]:
    """Ask for the reports behind a number; they and what ended them."""
    conversation = trader.conversation
    conversation.hear()
    begin = len(conversation.heard)
    conversation.say(ReplayRequest(session=conversation.session, epoch=epoch, after_seq=after_seq))
    done = conversation.wait_for(ReplayDone, begin=begin, what="ReplayDone")
    end = conversation.heard.index(done, begin)
    return [report for report in conversation.heard[begin:end] if isinstance(report, ExecutionReport)], done


@REPORTS.check("Order, replay, slow readers")
def replay_beyond(subject: Subject) -> str:
    """A number that was never given, ahead of the last or of an epoch that never was, is answered with
    `complete: false`."""
    with trading(subject) as trader:
        trader.rest()
        welcome = trader.conversation.welcome
        _, ahead = replayed(trader, welcome.epoch, welcome.last_seq + BEYOND)
        require(not ahead.complete, "replay from a number ahead of the last ended with complete: true")
        _, before = replayed(trader, 1, BEYOND)
        require(not before.complete, "replay from an epoch that never was ended with complete: true")
    return "complete: false both times"


@REPORTS.check("Order, replay, slow readers")
def commands_during_replay(subject: Subject) -> str:
    """While it replays the engine answers commands, and what they cause is reported before ReplayDone or after it."""
    with trading(subject) as trader:
        _make_reports(trader)
        conversation = trader.conversation
        epoch, after = conversation.welcome.epoch, conversation.welcome.last_seq
        conversation.hear()
        begin = len(conversation.heard)
        conversation.say(ReplayRequest(session=conversation.session, epoch=epoch, after_seq=after))
        order = trader.rest()
        conversation.wait_for(ReplayDone, begin=begin)
        trader.status(order)
        numbers, last = {report.seq for report in conversation.reports(begin)}, trader.report(order, ExecType.NEW).seq
    missing = set(range(after + 1, last + 1)) - numbers
    require(not missing, f"the reports {_some(sorted(missing))} did not come again")
    return f"reports {after + 1} to {last}, the new order's among them"
