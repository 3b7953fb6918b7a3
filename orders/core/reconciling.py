"""Does the engine hold the open orders that we think it holds, and what is done about those that differ?

At start, after every reconnect and in every new epoch before new orders are taken; then periodically, and when somebody
asks. A page counts only at the very report of which it tells: where one has come since, it is asked for again. An order
that differs is asked for alone, and settled as any other doubt; nothing is repaired by a list.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from msgspec.structs import replace

from bridge.wire.messages import OrderList, OrderListRequest, OrderStatus
from orders.core.book import Phase, awaits_evidence
from orders.core.commands import ASK_AGAIN_US, UNTIMELY_US, ask_later, replace_under_way
from orders.core.comparison import (
    ENDED,
    Cause,
    Difference,
    Finding,
    Kind,
    Run,
    RunOutcome,
    Suspect,
    agrees,
    missing,
    suspected,
    suspicion,
    told_terms,
)
from orders.core.draft import Draft
from orders.core.inputs import Reconcile
from orders.core.outcomes import ReconcileReply
from orders.core.replacing import replaced, words
from orders.core.requesting import engine_away
from orders.core.state import OrderState

RUN_IDS = uuid.UUID("b1c9b3de-0c7e-4d0b-9f5e-5a0f3a1c6d42")
#: no question to the engine would settle these
FOR_PEOPLE = frozenset({Kind.NOT_HERE, Kind.ENDED_HERE, Kind.OTHER_IDENTITY})


# --- its course ----------------------------------------------------------------------------------------------------
def begin(draft: Draft, cause: Cause) -> Run:
    abandon(draft)
    name = f"{draft.session}:{draft.now_us}:{draft.last_command_seq}:{len(draft.runs)}"
    run = Run(
        id=uuid.uuid5(RUN_IDS, name),
        cause=cause,
        session=draft.session,
        epoch=draft.link.epoch,
        began_us=draft.now_us,
    )
    draft.begun.add(run.id)
    return keep(draft, run)


def keep(draft: Draft, run: Run) -> Run:
    draft.run = run
    draft.runs[run.id] = run
    return run


def abandon(draft: Draft) -> None:
    """The link is lost: what was found so far stands, what was not settled is found again."""
    if draft.run is None:
        return
    for suspect in list(draft.suspects.values()):
        draft.suspects.drop(suspect.order_id)
    keep(draft, replace(draft.run, outcome=RunOutcome.ABANDONED, ended_us=draft.now_us))
    draft.run = None


def advance(draft: Draft) -> None:
    """What is due: the next run, the next page, the end."""
    if draft.run is None and is_due(draft):
        begin(draft, Cause.PERIODIC)
    if draft.run is None:
        return
    settle_ended(draft)
    if not draft.run.complete:
        ask_for_page(draft, draft.run)
    elif next(iter(draft.suspects.values()), None) is None:
        finish(draft, draft.run)


def is_due(draft: Draft) -> bool:
    every_us = draft.book.reconcile_every_us
    return draft.link.phase is Phase.LIVE and 0 < every_us <= draft.now_us - draft.link.reconciled_us


def ask_for_page(draft: Draft, run: Run) -> None:
    if run.ask_due_us > draft.now_us:
        return
    seq = draft.next_command_seq()
    deadline_us = draft.now_us + draft.command_deadline_us
    request = OrderListRequest(session=draft.session, command_seq=seq, deadline_us=deadline_us, after=run.after)
    draft.to_engine.append(request)
    keep(draft, replace(run, asked_seq=seq, ask_due_us=draft.now_us + ASK_AGAIN_US))


def finish(draft: Draft, run: Run) -> None:
    keep(draft, replace(run, outcome=RunOutcome.DONE, ended_us=draft.now_us))
    draft.run = None
    draft.phase(draft.link.phase, reconciled_us=draft.now_us)
    if run.flagged:
        draft.alarm("Orders differ from the engine's and wait for a person", run=str(run.id), orders=run.flagged)


def asked(draft: Draft, request: Reconcile) -> None:
    """Somebody wants to know now; a run that is under way serves him too."""
    if draft.link.phase not in (Phase.ASKING, Phase.LIVE):
        draft.refuse(request.ticket, engine_away())
        return
    run = draft.run or begin(draft, Cause.ASKED)
    draft.replies.append(ReconcileReply(request.ticket, run.id))


# --- comparing -----------------------------------------------------------------------------------------------------
def listed(draft: Draft, page: OrderList) -> None:
    run = draft.run
    if run is None or (page.session, page.command_seq) != (draft.session, run.asked_seq) or page.epoch != run.epoch:
        draft.counts["unmatched_lists"] += 1
    elif (page.epoch, page.last_seq) != (draft.cursor.epoch, draft.cursor.seq):
        draft.counts["untimely_lists"] += 1
        keep(draft, replace(run, asked_seq=0, ask_due_us=draft.now_us + UNTIMELY_US))
    else:
        compare(draft, run, page)


def compare(draft: Draft, run: Run, page: OrderList) -> None:
    until = None if page.complete else page.orders[-1].order_id
    here = {order.id: order for order in open_between(draft, run.after, until)}
    progress = {"after": until or run.after, "complete": page.complete, "asked_seq": 0, "ask_due_us": draft.now_us}
    keep(draft, replace(run, here=run.here + len(here), engine=run.engine + len(page.orders), **progress))
    for held in page.orders:
        order = here.pop(held.order_id, None) or draft.orders.get(held.order_id)
        if kind := suspicion(order, held):
            suspect(draft, order, suspected(order, held, kind))
    for order in here.values():
        if not awaits_evidence(order):
            suspect(draft, order, missing(order))


def open_between(draft: Draft, after: uuid.UUID | None, until: uuid.UUID | None) -> Iterator[OrderState]:
    """Open orders here with ids behind `after`, up to `until`."""
    low = after.int if after else -1
    high = until.int if until else 1 << 128
    return (order for order in draft.orders.values() if low < order.id.int <= high and is_sent(order))


def is_sent(order: OrderState) -> bool:
    """Whether the engine may hold it."""
    return not order.final and not order.held


def suspect(draft: Draft, order: OrderState | None, found: Suspect) -> None:
    """New orders wait until it is settled; what no question settles is flagged at once."""
    draft.counts["suspects"] += 1
    if order is None or found.kind in FOR_PEOPLE:
        conclude(draft, found, Finding.FLAGGED)
        return
    draft.suspects.put(found.order_id, found)
    draft.phase(Phase.ASKING)
    ask_later(draft, order, draft.now_us)


# --- settling ------------------------------------------------------------------------------------------------------
def judged(draft: Draft, status: OrderStatus) -> None:
    """The engine has answered for one order, and what that settles is done: do both sides agree now?"""
    found, order = draft.suspects.get(status.order_id), draft.orders.get(status.order_id)
    if found is None or order is None or status.session != draft.session or draft.asks.get(order.id) is not None:
        return
    if (status.epoch, status.last_seq) != (draft.cursor.epoch, draft.cursor.seq):
        ask_later(draft, order, draft.now_us + UNTIMELY_US)
        return
    order = take_terms(draft, order, status)
    if not agrees(order, status):
        conclude(draft, found, Finding.FLAGGED)
    else:
        conclude(draft, found, Finding.REPAIRED if order.version > found.version else Finding.GONE)


def take_terms(draft: Draft, order: OrderState, status: OrderStatus) -> OrderState:
    """An order that was changed without a word to us has the engine's total and prices: they are what trades."""
    other = told_terms(status).differing(order)
    stands = status.known and status.status not in ENDED and not order.final
    if not stands or not other.changes or replace_under_way(draft, order):
        return order
    draft.alarm("The engine holds other terms than it has reported", order_id=str(order.id), **words(other))
    return replaced(draft, order, other, details={"source": "reconciliation"})


def settle_ended(draft: Draft) -> None:
    """Suspects that have ended meanwhile, by a report: nobody answers for them any more."""
    for order in list(draft.orders.changes.values()):
        if order is not None and order.final and (found := draft.suspects.get(order.id)):
            conclude(draft, found, Finding.FLAGGED if order.filled_e8 < found.told_e8 else Finding.REPAIRED)


def conclude(draft: Draft, found: Suspect, finding: Finding) -> None:
    if draft.run is None:
        raise ValueError("A suspect without a run.")
    draft.suspects.drop(found.order_id)
    draft.counts[f"differences_{finding}"] += 1
    draft.differences.append(Difference(run=draft.run.id, suspect=found, finding=finding, found_us=draft.now_us))
    counted = {finding.value: getattr(draft.run, finding.value) + 1}
    keep(draft, replace(draft.run, **counted))
