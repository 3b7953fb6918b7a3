"""What do the open orders and the positions come to, counted anew from all that a book holds?

All of it is looked at every time. What an order or a position adds is worked out again where it is another one, or
something else is wanted of it, than before; nothing is added up again where every part is what it was.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.core.book import Book
from orders.core.gate.exposure import (
    NO_TERMS,
    NOTHING,
    Counted,
    Key,
    Sources,
    Sums,
    counted_order,
    counted_position,
    shared_out,
    wanted_of,
)
from orders.core.state import OrderState, PositionState, Terms

Shares = tuple[tuple[Key, Sums], ...]


class WorkedOut(NamedTuple):
    """`what` is held, so that no other is ever found at its address."""

    what: OrderState | PositionState
    wanted: Terms
    shares: Shares


class Recount:
    """Remembers its last count, and what is frozen."""

    def __init__(self) -> None:
        self._worked_out: dict[int, WorkedOut] = {}  #: by address
        self._parts: list[Shares] = []
        self._sums: dict[Key, Sums] = {}

    def sums(self, book: Book) -> dict[Key, Sums]:
        sources = Sources(book.orders, book.replaces, book.commands, book.positions)
        parts = [self._of_order(sources, order) for order in book.orders.values()]
        parts += [self._of_position(position) for position in book.positions.values()]
        if parts != self._parts:
            self._parts, self._sums = parts, added_up(parts)
        return self._sums

    def _of_order(self, sources: Sources, order: OrderState) -> Shares:
        wanted, found = wanted_of(sources, order), self._worked_out.get(id(order))
        if found is None or (found.wanted is not wanted and found.wanted != wanted):
            found = self._keep(WorkedOut(order, wanted, shares_of(counted_order(sources, order))))
        return found.shares

    def _of_position(self, position: PositionState) -> Shares:
        found = self._worked_out.get(id(position))
        return (found or self._keep(WorkedOut(position, NO_TERMS, shares_of(counted_position(position))))).shares

    def _keep(self, one: WorkedOut) -> WorkedOut:
        self._worked_out[id(one.what)] = one
        return one


def shares_of(counted: Counted | None) -> Shares:
    return tuple(shared_out(counted.whose, counted.part)) if counted else ()


def added_up(parts: list[Shares]) -> dict[Key, Sums]:
    """Without the keys whose sums are nothing."""
    sums: dict[Key, Sums] = {}
    for shares in parts:
        for key, more in shares:
            before = sums.get(key)
            sums[key] = before.plus(more) if before else more
    return {key: total for key, total in sums.items() if total != NOTHING}
