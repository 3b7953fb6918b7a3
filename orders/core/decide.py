"""Which function decides which input?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from orders.core import (
    amending,
    approving,
    disconnecting,
    elapsing,
    expiring,
    halting,
    linking,
    previewing,
    reconciling,
    replacing,
    reporting,
    requesting,
    settling,
)
from orders.core.book import Book
from orders.core.draft import Draft
from orders.core.groups import baskets, closing, placing, tending
from orders.core.hops import NO_HOPS, Hops
from orders.core.inputs import (
    ASKED,
    Amend,
    Asked,
    Attend,
    Basket,
    Cancel,
    CancelAll,
    CancelLater,
    Close,
    Decide,
    EngineBeat,
    GuardOf,
    Halt,
    Input,
    LinkDown,
    LinkSilent,
    LinkUp,
    Listed,
    NotSent,
    Place,
    PlaceGroup,
    Preview,
    Reconcile,
    Reload,
    Replace,
    Replayed,
    Replied,
    Reported,
    SetState,
    Started,
    StatusTold,
    Tick,
    Unreadable,
)
from orders.core.outcomes import LimitsReply


def decide(book: Book, inputs: Iterable[Input], now_us: int) -> Draft:
    """The decisions of a batch over `book`, which stays as it is until the draft is adopted."""
    draft = Draft(book, now_us)
    for each in inputs:
        draft.hops = hops_of(each)
        DECIDERS[type(each)](draft, each)
    draft.hops = NO_HOPS
    settling.doubt_overdue(draft)
    halting.sweep(draft)
    disconnecting.cancel_for_absent(draft)
    elapsing.cancel_elapsed(draft)
    reconciling.advance(draft)
    linking.open_when_settled(draft)
    expiring.ask_for_expired(draft)
    tending.tend(draft)
    settling.put_questions(draft)
    return draft


def hops_of(each: Input) -> Hops:
    """The way that `each` has come; nobody looks at that of what moves no order."""
    if isinstance(each, Reported):
        return each.hops
    if type(each) in ASKED:
        ticket = cast(Asked, each).ticket
        return Hops(received_us=ticket.received_us, arrived_us=ticket.arrived_us)
    return NO_HOPS


def reported(draft: Draft, told: Reported) -> None:
    gap_before = draft.counts.get("early_reports", 0)
    if reporting.reported(draft, told.report):
        linking.replay_goes_on(draft)
    if draft.counts.get("early_reports", 0) > gap_before:
        linking.beat(draft, told.report.epoch, told.report.seq)


def replied(draft: Draft, told: Replied) -> None:
    settling.replied(draft, told.reply)
    linking.beat(draft, told.reply.epoch, told.reply.last_seq)


def status_told(draft: Draft, told: StatusTold) -> None:
    settling.status_told(draft, told.status)
    reconciling.judged(draft, told.status)


def link_down(draft: Draft, down: LinkDown) -> None:
    linking.link_down(draft)
    settling.doubt_all(draft, down.reason)


DECIDERS: dict[type, Callable[[Draft, Any], None]] = {
    Place: requesting.place,
    PlaceGroup: placing.place_group,
    Basket: baskets.place_basket,
    Close: closing.close,
    Replace: replacing.replace,
    Decide: approving.decided,
    Preview: previewing.previewed,
    Cancel: requesting.cancel,
    CancelAll: requesting.cancel_all,
    Started: lambda draft, _: settling.doubt_all(draft, "The order bridge began anew."),
    Halt: halting.halt,
    SetState: halting.set_state,
    LinkUp: linking.link_up,
    LinkDown: link_down,
    LinkSilent: lambda draft, _: linking.link_down(draft),
    Reported: reported,
    Replied: replied,
    GuardOf: disconnecting.guard,
    Attend: disconnecting.attended,
    CancelLater: elapsing.set_timer,
    Amend: amending.amend_by_hand,
    Reconcile: reconciling.asked,
    Reload: lambda draft, asked: draft.replies.append(LimitsReply(asked.ticket, len(draft.book.limits))),
    StatusTold: status_told,
    Listed: lambda draft, told: reconciling.listed(draft, told.page),
    Replayed: lambda draft, told: linking.replayed(draft, told.done),
    Unreadable: lambda draft, _: linking.unreadable(draft),
    EngineBeat: lambda draft, told: linking.beat(draft, told.epoch, told.last_seq),
    NotSent: lambda draft, told: settling.link_gave_back(draft, told.session, told.seq),
    Tick: lambda _draft, _tick: None,
}
