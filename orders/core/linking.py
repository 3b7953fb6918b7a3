"""How does the core become current with the engine, and when may new orders be taken?

    DOWN ─ welcome → REPLAYING ─ all reports applied → ASKING ─ both sides compared, doubts asked → LIVE

While asking, the open orders of both sides are compared; those that differ, those in doubt, also of a change, and those
whose cancel is wanted are asked for one by one.
"""

from __future__ import annotations

from bridge.wire.messages import ReplayDone, ReplayRequest
from orders.core import reconciling
from orders.core.book import Phase, awaits_evidence
from orders.core.commands import ask_later
from orders.core.comparison import Cause
from orders.core.draft import Draft
from orders.core.inputs import LinkUp
from orders.core.state import Cursor, OrderState

REPLAY_PATIENCE_US = 2_000_000  #: without a report of it that could be applied
REPLAY_AGAIN_US = 200_000


def link_up(draft: Draft, up: LinkUp) -> None:
    draft.instruments = up.instruments
    draft.phase(Phase.REPLAYING, epoch=up.epoch, welcome_seq=up.last_seq, jump_allowed=False, replay_deadline_us=0)
    if (up.epoch, up.last_seq) < (draft.cursor.epoch, draft.cursor.seq):
        draft.alarm(
            "The engine is behind what it has reported before: new orders stay closed",
            engine_epoch=up.epoch,
            engine_seq=up.last_seq,
            applied_epoch=draft.cursor.epoch,
            applied_seq=draft.cursor.seq,
        )
        draft.phase(Phase.DOWN)
        return
    ask_for_replay(draft)


def ask_for_replay(draft: Draft) -> None:
    """One replay at a time; it brings everything after the cursor."""
    if draft.link.phase is Phase.DOWN or draft.link.replay_deadline_us > draft.now_us:
        return
    draft.counts["replays_asked"] += 1
    draft.phase(draft.link.phase, replay_deadline_us=draft.now_us + REPLAY_PATIENCE_US, torn=False)
    request = ReplayRequest(session=draft.session, epoch=draft.cursor.epoch, after_seq=draft.cursor.seq)
    draft.to_engine.append(request)


def replay_goes_on(draft: Draft) -> None:
    """A report was applied: the replay that brings them is waited for, however long it is.

    A pause before the next one (`again`) is not made longer by it.
    """
    left_us = draft.link.replay_deadline_us - draft.now_us
    if REPLAY_AGAIN_US < left_us < REPLAY_PATIENCE_US:
        draft.phase(draft.link.phase, replay_deadline_us=draft.now_us + REPLAY_PATIENCE_US)


def unreadable(draft: Draft) -> None:
    """Numbers show what is missing within an epoch, and do not show it at an epoch's end."""
    draft.phase(draft.link.phase, torn=True)


def replayed(draft: Draft, done: ReplayDone) -> None:
    """The engine has sent what it has. Is it all, and do we have it?"""
    if done.session != draft.session or draft.link.phase is Phase.DOWN or done.epoch != draft.link.epoch:
        draft.counts["unmatched_replays"] += 1
        return
    if not done.complete:
        draft.alarm("The engine's log does not reach back to the last report applied", engine_epoch=done.epoch)
    if draft.cursor.epoch < done.epoch:
        if draft.link.torn:
            draft.counts["torn_replays"] += 1
            again(draft, jump_allowed=False)
            return
        draft.cursor = Cursor(done.epoch, 0)  # nothing is left of earlier epochs; this one is read from its start
    if draft.cursor.seq < done.last_seq:
        again(draft, jump_allowed=not done.complete)
    else:
        caught_up(draft)


def again(draft: Draft, *, jump_allowed: bool) -> None:
    """After a pause, so that an engine that cannot give what it names is not asked without end."""
    draft.phase(draft.link.phase, jump_allowed=jump_allowed, replay_deadline_us=draft.now_us + REPLAY_AGAIN_US)


def caught_up(draft: Draft) -> None:
    draft.phase(draft.link.phase, jump_allowed=False, replay_deadline_us=0)
    if draft.link.phase is Phase.REPLAYING:
        draft.phase(Phase.ASKING)
        reconciling.begin(draft, cause_of(draft))
        for order in draft.orders.values():
            if not order.final and not order.held and is_in_doubt(draft, order):
                ask_later(draft, order, draft.now_us)


def cause_of(draft: Draft) -> Cause:
    if not draft.link.asked_epoch:
        return Cause.START
    return Cause.RECONNECT if draft.link.asked_epoch == draft.link.epoch else Cause.NEW_EPOCH


def is_in_doubt(draft: Draft, order: OrderState) -> bool:
    return order.cancel_wanted or awaits_evidence(order) or draft.replaces.get(order.id) is not None


def link_down(draft: Draft) -> None:
    draft.phase(Phase.DOWN, replay_deadline_us=0, jump_allowed=False)
    reconciling.abandon(draft)
    for ask in list(draft.asks.values()):
        draft.asks.drop(ask.order_id)


def beat(draft: Draft, epoch: int, last_seq: int) -> None:
    """The engine tells how far its reports go; what we lack was dropped on the way to us."""
    if draft.link.phase not in (Phase.ASKING, Phase.LIVE):
        return
    behind = epoch == draft.link.epoch and (draft.cursor.epoch, draft.cursor.seq) < (epoch, last_seq)
    if behind:
        draft.counts["gaps"] += 1
        ask_for_replay(draft)


def open_when_settled(draft: Draft) -> None:
    """New orders are taken once no question of the first round is open; what waits for a deadline may wait."""
    link = draft.link
    if link.phase is Phase.REPLAYING and link.replay_deadline_us <= draft.now_us:
        ask_for_replay(draft)
    if link.phase is not Phase.ASKING or draft.run is not None:
        return
    if not any(ask.waiting or ask.due_us <= draft.now_us for ask in draft.asks.values()):
        draft.phase(Phase.LIVE, asked_epoch=link.epoch)
