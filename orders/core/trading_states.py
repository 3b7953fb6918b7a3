"""May be traded at all? Firm, desk, user and symbol are active, may only reduce, or are halted; the worst counts."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from orders.core.scopes import Target


class TradingState(StrEnum):
    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"  #: only orders that bring a position nearer to flat
    HALTED = "halted"  #: no new orders, no changes; cancels pass


class Restriction(Struct, frozen=True, kw_only=True):
    """Who has restricted what, and why; `set_by` None: the system itself."""

    target: Target
    state: TradingState
    reason: str
    set_by: UUID | None
    set_by_name: str
    set_at_us: int
