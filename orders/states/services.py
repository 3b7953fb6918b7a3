"""Who may restrict trading, where, and who may let go? What is wanted then is the order bridge's to decide.

To restrict takes a right and nothing else; of who must sign, a signature. To let go takes a second factor proven lately
too, and two persons, which the order core sees to. Whatever is refused is audited.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from accounts.audit import audit
from accounts.factors.freshness import step_up_needed
from accounts.models import Desk, User
from accounts.policy import Function
from accounts.rights import Rights
from orders.core.halting import RESOURCE
from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from orders.requests import WantedState
from tradingmw.errors import Forbidden, InvalidRequest, NotFound

SHOWN_MAX = 24  #: of a symbol


class Actor(NamedTuple):
    """Who acts, and how: `is_proven` where a second factor was proven lately."""

    user: User
    rights: Rights
    is_proven: bool
    ip_address: str | None = None
    session_id: UUID | None = None
    trace: str = ""


class Named(NamedTuple):
    """A target: its key in the core, its public name, the engine's word; `shared`: that covers others too."""

    scope: Scope
    key: str = ""
    name: str = ""
    engine_name: str = ""
    shared: bool = False


def state_wanted(*, by: Actor, scope: Scope, target: str, state: TradingState, reason: str) -> WantedState:
    """What the order bridge is to be asked. Forbidden, NotFound (the target), InvalidRequest (its form)."""
    with refusals_told(by, scope, target, state):
        by.rights.need_signature("A change of a trading state")
        named = blockable(by, scope, target)
        if state is TradingState.ACTIVE:
            may_release(by)
        return wanted(named, state, reason, by)


def may_release(by: Actor) -> None:
    by.rights.need(Function.TRADING_RELEASE)
    if not by.is_proven:
        raise step_up_needed()


def releases(by: Actor) -> bool:
    """May a wish of his that turns out to be a release stand?"""
    return by.is_proven and Function.TRADING_RELEASE in by.rights.functions


def wanted(named: Named, state: TradingState, reason: str, by: Actor | None, by_name: str = "") -> WantedState:
    """By nobody: an operator at the machine."""
    return WantedState(
        id=uuid.uuid4(),
        scope=named.scope,
        key=named.key,
        name=named.name,
        engine_name=named.engine_name,
        shared=named.shared,
        state=state,
        reason=reason,
        user=by.user.id if by else None,
        user_name=by.user.username if by else by_name,
        ip_address=by.ip_address if by else None,
        session=by.session_id if by else None,
        signed=by.rights.signed if by else None,
        trace=by.trace if by else "",
        at_us=time.time_ns() // 1000,
        releases=by is not None and releases(by),
    )


# --- targets -------------------------------------------------------------------------------------------------------
def blockable(by: Actor, scope: Scope, target: str) -> Named:
    """The target, where it is within the actor's reach: oneself, one's desk and its users, or everything."""
    everything = Function.TRADING_HALT in by.rights.functions
    if scope is Scope.USER and target == by.user.username:
        by.rights.need(Function.TRADING_HALT_OWN)
        return named_user(by.user)
    if not everything and scope in (Scope.DESK, Scope.USER):
        by.rights.need(Function.TRADING_HALT_DESK)
    elif not everything:
        by.rights.need(Function.TRADING_HALT)
    return named_target(scope, target, within=None if everything else by.rights.desk or NO_DESK)


NO_DESK = UUID(int=0)


def named_target(scope: Scope, target: str, within: UUID | None = None) -> Named:
    """By its public name; `within` a desk where only that and its users are in reach. NotFound, InvalidRequest."""
    if scope is Scope.FIRM:
        if target:
            raise faulty("The firm has no target.")
        return Named(scope)
    if not target:
        raise faulty("Say which.")
    if scope is Scope.SYMBOL:
        return named_symbol(target)
    if scope is Scope.DESK:
        return named_desk(target, within)
    found = User.objects.select_related("account").filter(username=target.lower())
    user = (found.filter(desk_id=within) if within else found).first()
    if user is None:
        raise NotFound("There is no such user.")
    return named_user(user)


def named_symbol(symbol: str) -> Named:
    """Of any instrument, listed or not: what is not traded can be halted too."""
    if len(symbol) > SHOWN_MAX or not symbol.isascii() or not symbol.isprintable() or " " in symbol:
        raise faulty("That is no symbol.")
    return Named(Scope.SYMBOL, symbol, symbol, symbol)


def named_desk(name: str, within: UUID | None) -> Named:
    desk = Desk.objects.filter(name=name.lower()).first()
    if desk is None or (within and desk.id != within):
        raise NotFound("There is no such desk.")
    return Named(Scope.DESK, str(desk.id), desk.name, desk.name)


def named_user(user: User) -> Named:
    """Who has no account has nothing at the engine; an account of several is not cancelled for one of them."""
    account = user.account
    shared = account is not None and User.objects.filter(account=account).exclude(id=user.id).exists()
    return Named(Scope.USER, str(user.id), user.username, account.name if account else "", shared)


def faulty(detail: str) -> InvalidRequest:
    return InvalidRequest(detail, errors=[{"attr": "target", "code": "invalid", "detail": detail}])


@contextmanager
def refusals_told(by: Actor, scope: Scope, target: str, state: TradingState) -> Iterator[None]:
    try:
        yield
    except Forbidden as error:
        audit(
            action=f"{RESOURCE}.denied",
            resource=RESOURCE,
            resource_id=":".join(filter(None, [scope.value, target]))[:64],
            user_id=by.user.id,
            session_id=by.session_id,
            ip_address=by.ip_address,
            details={"state": state.value, "code": error.code.value, "why": error.detail},
        )
        raise
