"""What became of an order or a command that is in doubt? Only the engine's evidence settles it; nothing is guessed.

A status counts at the very report that it names: else reports are missing here, or it is of an earlier moment. "Not
known" proves that an order never reached the engine only where its command can no longer arrive: it belongs to an older
session, or the engine's own clock has passed the deadline after which it refuses the command.
"""

from __future__ import annotations

from typing import Any

from bridge.wire.messages import CommandReply, OrderStatus
from bridge.wire.vocabulary import EngineOrderStatus, RejectCode, ReplyOutcome
from orders.core import replacing
from orders.core.auditing import Audit
from orders.core.book import Ask, Phase, awaits_evidence
from orders.core.commands import (
    ASK_AGAIN_US,
    ask_again,
    ask_later,
    can_no_longer_arrive,
    replace_under_way,
    send_cancel,
    send_question,
    settle_if_final,
)
from orders.core.draft import Draft
from orders.core.expiring import alarm_if_overdue
from orders.core.linking import ask_for_replay
from orders.core.state import CommandKind, CommandProgress, CommandState, OrderState
from orders.lifecycle import IllegalEvent, OrderEvent
from orders.lifecycle import OrderStatus as Status
from tradingmw.errors import Code

LOOK_US = 50_000  #: between two looks at the deadlines
QUESTIONS_MAX = 128  #: under way at one time; the link holds 256 messages, and commands come beside them
#: the engine did not take the command up at all
NOT_TAKEN = frozenset({RejectCode.STALE_SESSION, RejectCode.NO_SESSION, RejectCode.DEADLINE_PASSED})
ENDINGS = {
    EngineOrderStatus.CANCELED: OrderEvent.CANCELED,
    EngineOrderStatus.REJECTED: OrderEvent.REJECTED,
    EngineOrderStatus.EXPIRED: OrderEvent.EXPIRED,
}


# --- replies to commands -------------------------------------------------------------------------------------------
def replied(draft: Draft, reply: CommandReply) -> None:
    command = draft.commands.get((reply.session, reply.command_seq))
    if command is None:
        draft.counts["unmatched_replies"] += 1
        return
    order = draft.orders.get(command.order_id)
    rejected = reply.outcome is ReplyOutcome.REJECTED
    if order is not None and replace_under_way(draft, order) == command and not order.final:
        if rejected:  # that it is accepted is no news: the report `replaced` has the terms
            replacing.refused(draft, order, reply)
        return
    if not rejected and command.kind is CommandKind.NEW_ORDER and order is not None and awaits_evidence(order):
        return  # its report is the evidence; if that does not come by the deadline, the order is asked for
    draft.advance(command, CommandProgress.ANSWERED)
    if not rejected or order is None or order.final:
        return
    if command.kind is CommandKind.CANCEL_ORDER:
        ask_later(draft, order, draft.now_us + ASK_AGAIN_US)
    else:
        refused(draft, order, reply)


def refused(draft: Draft, order: OrderState, reply: CommandReply) -> None:
    """The engine refuses the order; where it has spoken of it otherwise before, it is asked."""
    words = {"engineCode": reply.code.value if reply.code else "", "engineReason": reply.reason}
    if not awaits_evidence(order):
        draft.alarm("The engine refused an order that it had acknowledged", order_id=str(order.id), **words)
        ask_later(draft, order, draft.now_us + ASK_AGAIN_US)
    elif reply.code in NOT_TAKEN:
        not_sent(draft, order, words)
    else:
        end(draft, order, OrderEvent.REJECTED, Code.ENGINE_REJECTED, details=words, engine_epoch=reply.epoch)


def link_gave_back(draft: Draft, session: int, seq: int) -> None:
    """The link did not take the command: it has surely not left."""
    command = draft.commands.get((session, seq))
    if command is None:
        return
    order = draft.orders.get(command.order_id)
    if order is not None and replace_under_way(draft, order) == command and not order.final:
        replacing.given_back(draft, order)
        return
    draft.advance(command, CommandProgress.NOT_SENT)
    if order is None or order.final:
        return
    if command.kind is CommandKind.NEW_ORDER and awaits_evidence(order):
        not_sent(draft, order, {"why": "The link did not take it."})
    elif draft.link.phase in (Phase.ASKING, Phase.LIVE):
        ask_later(draft, order, draft.now_us)


# --- evidence ------------------------------------------------------------------------------------------------------
def status_told(draft: Draft, status: OrderStatus) -> None:
    order = draft.orders.get(status.order_id)
    if status.session != draft.session or order is None or order.final or draft.link.epoch != status.epoch:
        draft.counts["unmatched_statuses"] += 1
        return
    if status.last_seq != draft.cursor.seq or status.epoch != draft.cursor.epoch:
        untimely(draft, order, status)
        return
    draft.asks.drop(order.id)
    if not status.known:
        unknown_to_engine(draft, order, status)
    elif status.status in ENDINGS:
        compare_fills(draft, order, status)
        reason = Code.ENGINE_REJECTED.value if status.status is EngineOrderStatus.REJECTED else ""
        end(draft, order, ENDINGS[status.status], reason, engine_epoch=status.epoch, details={"source": "status"})
    else:
        held_by_engine(draft, order, status)


def untimely(draft: Draft, order: OrderState, status: OrderStatus) -> None:
    """It tells of another moment than the one that the reports have brought us to: the question is put again, soon."""
    if (status.epoch, status.last_seq) > (draft.cursor.epoch, draft.cursor.seq):
        draft.counts["early_statuses"] += 1
        ask_for_replay(draft)
    else:
        draft.counts["late_statuses"] += 1
    if draft.asks.get(order.id) is not None:
        ask_again(draft, order)


def unknown_to_engine(draft: Draft, order: OrderState, status: OrderStatus) -> None:
    if not awaits_evidence(order):
        lost_by_engine(draft, order, status)
        return
    command = newest_claim(draft, order)
    if command is None or can_no_longer_arrive(command, status):
        not_sent(draft, order, {"source": "status"})
    else:
        ask_later(draft, order, command.deadline_us + ASK_AGAIN_US // 10)


def newest_claim(draft: Draft, order: OrderState) -> CommandState | None:
    key = draft.claims.get(order.id)
    return draft.commands.get(key) if key else None


def lost_by_engine(draft: Draft, order: OrderState, status: OrderStatus) -> None:
    facts = {"order_id": str(order.id), "engine_epoch": status.epoch, "acknowledged_in": order.engine_epoch}
    if status.epoch > order.engine_epoch:
        draft.alarm("The engine has lost an order", **facts)
        end(draft, order, OrderEvent.ENGINE_LOST, Code.ENGINE_LOST, details={"source": "status"})
    else:
        draft.alarm("The engine denies an order that it acknowledged in this life", **facts)


def held_by_engine(draft: Draft, order: OrderState, status: OrderStatus) -> None:
    """It stands in the engine (or is said to be filled): nothing is in doubt any more, and a wanted cancel may go."""
    compare_fills(draft, order, status)
    if awaits_evidence(order):
        external = status.external_order_id or order.external_order_id
        order = draft.happen(order, OrderEvent.ACKNOWLEDGED, engine_epoch=status.epoch, external_order_id=external)
        draft.claims.drop(order.id)
    alarm_if_overdue(draft, order, status)
    order = replacing.settle_by_status(draft, order, status)
    if order.cancel_wanted and not cancel_under_way(draft, order):
        send_cancel(draft, order)


def compare_fills(draft: Draft, order: OrderState, status: OrderStatus) -> None:
    """A fill counts by its execution only; where the engine tells of one that never came, people must look."""
    if status.cum_quantity_e8 != order.filled_e8 or status.status is EngineOrderStatus.FILLED:
        facts = {"order_id": str(order.id), "engine_says_e8": status.cum_quantity_e8, "filled_e8": order.filled_e8}
        draft.alarm("The engine counts other fills than we do", **facts)


def cancel_under_way(draft: Draft, order: OrderState) -> bool:
    return any(
        command.order_id == order.id
        and command.kind is CommandKind.CANCEL_ORDER
        and command.progress is CommandProgress.CLAIMED
        for command in draft.commands.values()
    )


# --- endings -------------------------------------------------------------------------------------------------------
def end(
    draft: Draft, order: OrderState, event: OrderEvent, reason: str, *, details: dict[str, str], **changes: Any
) -> None:
    """An ending that no report told of; where the lifecycle does not allow it, people must look."""
    try:
        after = draft.happen(order, event, reason=str(reason), details=details, **changes)
    except IllegalEvent as error:
        draft.alarm("The engine tells of an ending that cannot be", order_id=str(order.id), why=str(error))
        return
    draft.audits.append(Audit(after.user, f"order.{after.status}", str(after.id), None, {"reason": after.reason}))
    settle_if_final(draft, after)


def not_sent(draft: Draft, order: OrderState, details: dict[str, str]) -> None:
    end(draft, order, OrderEvent.NOT_SENT, Code.NOT_SENT, details=details)


# --- time ----------------------------------------------------------------------------------------------------------
def doubt(draft: Draft, command: CommandState, why: str) -> None:
    """No answer: the command may or may not have arrived."""
    order = draft.orders.get(command.order_id)
    if order is None or order.final or (command.kind is CommandKind.NEW_ORDER and not awaits_evidence(order)):
        draft.advance(command, CommandProgress.ANSWERED)  # reports have told its outcome
        return
    draft.advance(command, CommandProgress.UNKNOWN)
    if order.status is Status.PENDING_NEW:
        order = draft.happen(order, OrderEvent.DOUBTED, reason=Code.REPLY_OVERDUE.value, details={"why": why})
    if draft.link.phase in (Phase.ASKING, Phase.LIVE):
        ask_later(draft, order, draft.now_us)


def doubt_all(draft: Draft, why: str) -> None:
    """Every command without an answer, whatever its deadline: the link is lost, or the process began anew."""
    for command in [command for command in draft.commands.values() if command.progress is CommandProgress.CLAIMED]:
        doubt(draft, command, why)


def doubt_overdue(draft: Draft) -> None:
    """Looked for now and then only: a busy bridge has thousands of commands whose deadline is still to come."""
    if 0 < draft.look_at_deadlines_us - draft.now_us <= LOOK_US:
        return
    draft.look_at_deadlines_us = draft.now_us + LOOK_US
    for command in list(draft.commands.values()):
        if command.progress is CommandProgress.CLAIMED and command.deadline_us <= draft.now_us:
            doubt(draft, command, "No answer by the deadline.")


def put_questions(draft: Draft) -> None:
    """Ask what is due, few enough at a time that requests are served between the answers."""
    due = [ask for ask in draft.asks.values() if ask.due_us <= draft.now_us] if draft.asks else []
    if not due:
        return
    under_way = sum(ask.waiting and ask.due_us > draft.now_us for ask in draft.asks.values())
    for ask in due[: max(0, QUESTIONS_MAX - under_way)]:
        question(draft, ask)


def question(draft: Draft, ask: Ask) -> None:
    order = draft.orders.get(ask.order_id)
    if order is None or order.final:
        draft.asks.drop(ask.order_id)
    else:
        send_question(draft, order)
