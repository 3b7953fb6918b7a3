"""Which trading states does a user see? Those that bind him, those of his desk where he heads it, or all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.policy import Function
from accounts.rights import Rights
from orders.core.scopes import Scope, Target
from orders.core.trading_states import Restriction, TradingState
from orders.ledger.states import restriction_of
from orders.lifecycle import OPEN
from orders.models import Order, TradingRestriction

COUNTED_MAX = 1_000
NAMED_MAX = 100


def states_stored() -> list[Restriction]:
    """As the tables have them: where no order bridge can be asked."""
    rows = TradingRestriction.objects.exclude(state=TradingState.ACTIVE.value)
    return [restriction_of(row) for row in rows]


def binds(one: Restriction, user: User) -> bool:
    """His own trading, in whole or in one instrument?"""
    target = one.target
    if target.scope in (Scope.FIRM, Scope.SYMBOL):
        return True
    return target.key == str(user.id if target.scope is Scope.USER else user.desk_id)


def states_seen(states: Iterable[Restriction], user: User, rights: Rights) -> list[Restriction]:
    """The widest first."""
    everything = Function.TRADING_HALT in rights.functions
    mates = desk_mates(rights) if Function.TRADING_HALT_DESK in rights.functions and not everything else frozenset()
    seen = [one for one in states if everything or binds(one, user) or one.target in mates]
    order = list(Scope)
    return sorted(seen, key=lambda one: (order.index(one.target.scope), one.name))


def desk_mates(rights: Rights) -> Collection[Target]:
    if rights.desk is None:
        return frozenset()
    users = User.objects.filter(desk_id=rights.desk).values_list("id", flat=True)
    return frozenset(Target(Scope.USER, str(user)) for user in users)


def still_open(states: Iterable[Restriction], rights: Rights) -> Mapping[Target, list[UUID]]:
    """Of what is halted: the orders whose end nobody has confirmed. Who may halt anything sees all of them."""
    reach = rights.reach()
    within = Q(account_id=reach.account) if reach.account else Q(pk=None)
    if reach.desk:
        within |= Q(desk_id=reach.desk)
    rows = Order.objects.filter(status__in=sorted(OPEN))
    rows = rows if reach.everything or Function.TRADING_HALT in rights.functions else rows.filter(within)
    halted = [one for one in states if one.state is TradingState.HALTED]
    return {one.target: list(of_target(rows, one.target)[:COUNTED_MAX]) for one in halted}


def of_target(rows: QuerySet[Order], target: Target) -> QuerySet[Order, UUID]:
    if target.scope is Scope.SYMBOL:
        rows = rows.filter(symbol=target.key)
    elif target.scope is not Scope.FIRM:
        rows = rows.filter(**{f"{target.scope.value}_id": UUID(target.key)})
    return rows.order_by("created_at", "id").values_list("id", flat=True)
