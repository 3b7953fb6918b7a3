"""How is trading restricted, and how is it let go again?

One person restricts, at once. Two let go: one asks, another agrees, and neither of them has restricted. What is halted
has no open orders: those that there are end, a slice with each batch; those that have not ended in time are told of.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from orders.core.auditing import Audit, Facts
from orders.core.book import Phase
from orders.core.commands import ask_later, send_cancel
from orders.core.draft import Draft
from orders.core.holding import end_held
from orders.core.inputs import Halt, SetState
from orders.core.outcomes import StateChanged, StateReply
from orders.core.scopes import Scope, Target, targets_of
from orders.core.state import OrderState
from orders.core.trading_states import SEVERITY, Release, Restriction, StateEvent, TradingState
from orders.lifecycle import OrderEvent, OrderStatus
from orders.requests import WantedState
from tradingmw.errors import Code, Forbidden, Unavailable

RELEASE_US = 900_000_000  #: so long a wish for a release waits for a second person
SLICE = 250  #: orders that are cancelled with one batch
FOLLOW_UP_US = 2_000_000  #: for the engine's word on a mass cancel; then it is asked for each order
TELL_US = 5_000_000  #: between two looks at which orders are still open
NAMED = 20  #: of those orders, in the alarm
RESOURCE = "trading_state"


# --- what is asked for ---------------------------------------------------------------------------------------------
def halt(draft: Draft, asked: Halt) -> None:
    """A kill, which the link has let into force; one that was written before is only checked off."""
    if asked.wanted.id not in draft.book.booked and asked.wanted.id not in draft.booked:
        block(draft, asked.wanted)
    draft.booked.append(asked.wanted.id)


def halt_unwritten(draft: Draft, wanted: WantedState, why: str) -> None:
    """The tables do not take it: it is in force here, and its file stays."""
    blockers = frozenset([wanted.user] if wanted.user else [])
    draft.restrictions.put(wanted.target, restriction(wanted, draft.now_us, blockers))
    draft.sweeping = True
    draft.alarm("A kill is in force that the tables do not take", kill=str(wanted.id), why=why)


def set_state(draft: Draft, asked: SetState) -> None:
    wanted, before = asked.request.wanted, draft.restrictions.get(asked.request.wanted.target)
    now = before.state if before else TradingState.ACTIVE
    if asked.request.deadline_us <= draft.now_us:
        late = "The request came after its deadline; nothing was done."
        draft.refuse(asked.ticket, Unavailable(late, code=Code.ORDER_BRIDGE_UNAVAILABLE, retry_after_seconds=1))
    elif SEVERITY[wanted.state] > SEVERITY[now] or (before is not None and wanted.state is now):
        draft.replies.append(StateReply(asked.ticket, block(draft, wanted)))
    elif before is None:
        draft.replies.append(StateReply(asked.ticket, None))
    elif wanted.drill and before.drill and not before.blockers:
        draft.replies.append(StateReply(asked.ticket, let_go(draft, wanted, before)))
    elif not wanted.releases:
        deny(draft, asked, Forbidden("To restrict it less takes other rights, or a fresh second factor."))
    elif wanted.user is None or wanted.user in before.blockers or is_target(wanted):
        deny(draft, asked, own_block())
    else:
        draft.replies.append(StateReply(asked.ticket, release(draft, wanted, wanted.user, before)))


def is_target(wanted: WantedState) -> bool:
    return wanted.target == Target(Scope.USER, str(wanted.user))


def own_block() -> Forbidden:
    return Forbidden(
        "Two others must release it: not who has blocked it, nor whom it binds alone.", code=Code.SECOND_PERSON_REQUIRED
    )


def deny(draft: Draft, asked: SetState, error: Forbidden) -> None:
    """Nothing changes, and the audit log has it."""
    wanted = asked.request.wanted
    draft.refuse(asked.ticket, error)
    details = {"state": wanted.state.value, "code": error.code.value, "why": error.detail}
    draft.audits.append(audit_of_state(wanted, "denied", details))


def block(draft: Draft, wanted: WantedState) -> Restriction:
    """In force at once; a wish for a release is void. Who repeats what is in force blocks it as well."""
    before = draft.restrictions.get(wanted.target)
    blockers = (before.blockers if before else frozenset()) | ({wanted.user} if wanted.user else frozenset())
    if before is not None and before.state is wanted.state:
        after = replace(before, blockers=blockers, release=None)
    else:
        after = restriction(wanted, draft.now_us, blockers)
    draft.restrictions.put(wanted.target, after)
    note(draft, StateEvent.BLOCKED, wanted, before, after)
    if after.state is TradingState.HALTED:
        draft.sweeping, draft.look_at_halted_us = True, draft.now_us + TELL_US
    return after


def restriction(wanted: WantedState, now_us: int, blockers: frozenset[UUID]) -> Restriction:
    return Restriction(
        target=wanted.target,
        state=wanted.state,
        reason=wanted.reason,
        set_by=wanted.user,
        set_by_name=wanted.user_name,
        set_at_us=now_us,
        name=wanted.name,
        engine_name=wanted.engine_name,
        shared=wanted.shared,
        change=wanted.id,
        blockers=blockers,
        drill=wanted.drill,
    )


def release(draft: Draft, wanted: WantedState, user: UUID, before: Restriction) -> Restriction | None:
    """The restriction with the wish; or what is left of it, once a second person has the same one."""
    first = before.release if before.release and before.release.expires_at_us > draft.now_us else None
    same = first is not None and first.state is wanted.state
    if same and first and first.asked_by == user:
        return before
    if same:
        return let_go(draft, wanted, before)
    after = replace(before, release=wish(wanted, user, draft.now_us))
    note(draft, StateEvent.RELEASE_ASKED, wanted, before, after)
    draft.restrictions.put(before.target, after)
    return after


def let_go(draft: Draft, wanted: WantedState, before: Restriction) -> Restriction | None:
    after = lifted(wanted, before, draft.now_us)
    note(draft, StateEvent.RELEASED, wanted, before, after)
    if after is None:
        draft.restrictions.drop(before.target)
    else:
        draft.restrictions.put(before.target, after)
    return after


def wish(wanted: WantedState, user: UUID, now_us: int) -> Release:
    return Release(
        state=wanted.state,
        reason=wanted.reason,
        asked_by=user,
        asked_by_name=wanted.user_name,
        asked_at_us=now_us,
        expires_at_us=now_us + RELEASE_US,
    )


def lifted(wanted: WantedState, before: Restriction, now_us: int) -> Restriction | None:
    """Who has blocked is still bound by it where it is only lifted in part."""
    if wanted.state is TradingState.ACTIVE:
        return None
    return restriction(wanted, now_us, before.blockers)


# --- what is kept of it --------------------------------------------------------------------------------------------
def note(
    draft: Draft, kind: StateEvent, wanted: WantedState, before: Restriction | None, after: Restriction | None
) -> None:
    draft.state_changes.append(StateChanged(wanted, kind, before, after))
    details = {"reason": wanted.reason, "by": wanted.user_name, "change": str(wanted.id), "name": wanted.name}
    asked = before.release if before and kind is StateEvent.RELEASED else None
    if asked:
        details |= {"releaseAskedBy": asked.asked_by_name}
    if wanted.signed:
        details |= {"signedRequest": str(wanted.signed)}
    audit = audit_of_state(wanted, kind.value, details)
    draft.audits.append(audit._replace(before=facts_of(before), after=facts_of(after)))


def audit_of_state(wanted: WantedState, deed: str, details: Facts) -> Audit:
    target = ":".join(filter(None, [wanted.scope.value, wanted.key]))
    return Audit(
        wanted.user,
        f"{RESOURCE}.{deed}",
        target,
        wanted.ip_address,
        details,
        wanted.session,
        wanted.trace,
        resource=RESOURCE,
    )


def facts_of(one: Restriction | None) -> Facts:
    facts = {"state": (one.state if one else TradingState.ACTIVE).value}
    return facts | {"releaseTo": one.release.state.value} if one and one.release else facts


# --- open orders of what is halted ---------------------------------------------------------------------------------
def sweep(draft: Draft) -> None:
    """A slice of them; and now and then, which of them are still open."""
    if draft.sweeping:
        halted = halted_targets(draft)
        meant = [order for order in draft.orders.values() if halted and is_to_end(order, halted)]
        for order in sorted(meant, key=lambda order: order.created_at_us)[:SLICE]:
            end(draft, order, next(halted[target] for target in targets_of(order) if target in halted))
        draft.sweeping = len(meant) > SLICE
        draft.look_at_halted_us = draft.look_at_halted_us or draft.now_us + TELL_US
    if draft.look_at_halted_us and draft.now_us >= draft.look_at_halted_us:
        tell_unconfirmed(draft)


def halted_targets(draft: Draft) -> dict[Target, Restriction]:
    return {one.target: one for one in draft.restrictions.values() if one.state is TradingState.HALTED}


def is_to_end(order: OrderState, halted: dict[Target, Restriction]) -> bool:
    return not (order.final or order.cancel_wanted) and not halted.keys().isdisjoint(targets_of(order))


def end(draft: Draft, order: OrderState, why: Restriction) -> None:
    """Its cancel has left already, with that of all others of the target, wherever the engine has a word for that."""
    details = {"tradingState": why.state.value, "scope": why.target.scope.value, "target": why.name}
    if order.held:
        end_held(draft, order, OrderEvent.CANCELED, Code.TRADING_HALTED.value, details)
        return
    doubtful, live = order.status is OrderStatus.UNKNOWN, draft.link.phase is Phase.LIVE
    reason = Code.TRADING_HALTED.value
    order = draft.happen(order, OrderEvent.CANCEL_REQUESTED, cancel_wanted=True, reason=reason, details=details)
    if live and not doubtful and why.shared:
        send_cancel(draft, order)
    elif draft.link.phase in (Phase.LIVE, Phase.ASKING) and draft.asks.get(order.id) is None:
        ask_later(draft, order, draft.now_us + (0 if doubtful else FOLLOW_UP_US))


def tell_unconfirmed(draft: Draft) -> None:
    halted = halted_targets(draft)
    left = [
        order
        for order in draft.orders.values()
        if not order.final and order.cancel_wanted and not halted.keys().isdisjoint(targets_of(order))
    ]
    draft.look_at_halted_us = draft.now_us + TELL_US if left else 0
    if left:
        named = [str(order.id) for order in left[:NAMED]]
        draft.alarm("Orders of halted targets are not confirmed as cancelled", count=len(left), orders=named)
