"""May be traded at all? Firm, desk, user and symbol are active, may only reduce, or are halted; the worst counts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from orders.core.scopes import Target, targets_of
from orders.core.state import OrderState


class TradingState(StrEnum):
    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"  #: only orders that bring a position nearer to flat
    HALTED = "halted"  #: no new orders, no changes; cancels pass


class StateEvent(StrEnum):
    """What happened to the state of a target; the action of the audit, behind `trading_state.`"""

    BLOCKED = "block"
    RELEASE_ASKED = "release_request"
    RELEASED = "release"


SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCE_ONLY: 1, TradingState.HALTED: 2}


class Release(Struct, frozen=True, kw_only=True):
    """One person wants less restriction, `state`; a second one has until `expires_at_us` to agree."""

    state: TradingState
    reason: str
    asked_by: UUID
    asked_by_name: str
    asked_at_us: int
    expires_at_us: int


class Restriction(Struct, frozen=True, kw_only=True):
    """Who has restricted what, and why; `set_by` None: the system itself, or an operator at the machine.

    `name` is the target in public words, `engine_name` as the engine knows it (empty: it has no word for it).
    `blockers` are all who have restricted it since it was active last: none of them may release it.
    """

    target: Target
    state: TradingState
    reason: str
    set_by: UUID | None
    set_by_name: str
    set_at_us: int
    name: str = ""
    engine_name: str = ""
    shared: bool = False  #: the engine's word covers others as well
    change: UUID | None = None  #: the change that set it
    blockers: frozenset[UUID] = frozenset()
    drill: bool = False  #: nobody was to be stopped: an operator at the machine ends it
    release: Release | None = None


class Restrictions(Protocol):
    """Where trading is not simply active."""

    def get(self, key: Target, /) -> Restriction | None: ...
    def values(self) -> Iterable[Restriction]: ...


def worst_of(restrictions: Restrictions, order: OrderState) -> Restriction | None:
    """The most severe one that the order falls under; of equals the widest. None: trade on."""
    if not any(restrictions.values()):
        return None  # as nearly always: what the order falls under need not be put into words
    found = [one for target in targets_of(order) if (one := restrictions.get(target)) is not None]
    return max(found, key=lambda one: SEVERITY[one.state], default=None)
