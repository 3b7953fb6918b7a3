"""How do trading states stand in the tables?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from orders.core.book import Book
from orders.core.outcomes import StateChanged
from orders.core.scopes import Scope, Target
from orders.core.trading_states import Release, Restriction, TradingState
from orders.instants import instant, micros
from orders.models import StateChange, TradingRestriction

NOBODY: dict[str, Any] = {
    "release_state": "",
    "release_reason": "",
    "release_by": None,
    "release_by_name": "",
    "release_at": None,
    "release_until": None,
}


def booked_changes(changes: Collection[UUID]) -> set[UUID]:
    """Those of them that are in the tables."""
    if not changes:
        return set()
    return set(StateChange.objects.filter(change__in=changes).values_list("change", flat=True))


def load_states(book: Book) -> None:
    """What is in force; open orders of what is halted are looked for, for an earlier life may not have come to all."""
    for row in TradingRestriction.objects.exclude(state=TradingState.ACTIVE.value):
        restriction = restriction_of(row)
        book.restrictions[restriction.target] = restriction
        book.sweeping |= restriction.state is TradingState.HALTED


def write_states(changes: Iterable[StateChanged], at: datetime) -> None:
    """Within the caller's transaction."""
    for each in changes:
        wanted, state = each.wanted, TradingState.ACTIVE
        StateChange.objects.create(
            change=wanted.id,
            kind=each.kind.value,
            scope=wanted.scope.value,
            key=wanted.key,
            name=wanted.name,
            before=(each.before.state if each.before else state).value,
            after=(each.after.state if each.after else state).value,
            reason=wanted.reason,
            user=wanted.user,
            user_name=wanted.user_name,
            asked_at=instant(wanted.at_us),
            decided_at=at,
        )
        columns = columns_of(each.after) if each.after else {"state": state.value, "set_at": at, **NOBODY}
        TradingRestriction.objects.update_or_create(scope=wanted.scope.value, key=wanted.key, defaults=columns)


def columns_of(one: Restriction) -> dict[str, Any]:
    return {
        "name": one.name,
        "engine_name": one.engine_name,
        "shared": one.shared,
        "state": one.state.value,
        "reason": one.reason,
        "set_by": one.set_by,
        "set_by_name": one.set_by_name,
        "set_at": instant(one.set_at_us),
        "change": one.change,
        "drill": one.drill,
        "blockers": sorted(str(user) for user in one.blockers),
        **(release_columns(one.release) if one.release else NOBODY),
    }


def release_columns(release: Release) -> dict[str, Any]:
    return {
        "release_state": release.state.value,
        "release_reason": release.reason,
        "release_by": release.asked_by,
        "release_by_name": release.asked_by_name,
        "release_at": instant(release.asked_at_us),
        "release_until": instant(release.expires_at_us),
    }


def restriction_of(row: TradingRestriction) -> Restriction:
    return Restriction(
        target=Target(Scope(row.scope), row.key),
        state=TradingState(row.state),
        reason=row.reason,
        set_by=row.set_by,
        set_by_name=row.set_by_name,
        set_at_us=micros(row.set_at),
        name=row.name,
        engine_name=row.engine_name,
        shared=row.shared,
        change=row.change,
        drill=row.drill,
        blockers=frozenset(UUID(user) for user in row.blockers),
        release=release_of(row),
    )


def release_of(row: TradingRestriction) -> Release | None:
    if row.release_by is None or row.release_at is None or row.release_until is None:
        return None
    return Release(
        state=TradingState(row.release_state),
        reason=row.release_reason,
        asked_by=row.release_by,
        asked_by_name=row.release_by_name,
        asked_at_us=micros(row.release_at),
        expires_at_us=micros(row.release_until),
    )
