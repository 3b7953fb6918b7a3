"""What does the gate say of orders that depend on each other? Each is looked at, and all of them before any is let in.

An order that is kept back counts by number and value, and does not trade: so the ones before it are counted while the
next is looked at. When one that was kept is to go, it is looked at once more, alone; what was warned of then was
accepted when it was placed, only what a limit forbids stops it now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from orders.core.draft import Draft
from orders.core.gate.case import Case
from orders.core.gate.findings import Findings, broken
from orders.core.gate.judging import judge
from orders.core.limits import Breach
from orders.core.state import Held, OrderState


class Judged(NamedTuple):
    """`order` with the price by which it was judged."""

    order: OrderState
    findings: Findings

    @property
    def forbidden(self) -> Findings:
        return broken(self.findings, Breach.DENY)

    @property
    def doubtful(self) -> Findings:
        """What a second person would have to approve."""
        return broken(self.findings, Breach.APPROVE)


def judged(draft: Draft, order: OrderState, *, counts_as_placed: bool = True) -> Judged:
    case = Case(draft, order, counts_as_placed=counts_as_placed)
    return Judged(case.order, judge(case))


def judged_together(draft: Draft, orders: Sequence[OrderState]) -> list[Judged]:
    """New orders; nothing of them is left in the draft."""
    found = []
    for order in orders:
        found.append(judged(draft, order))
        draft.orders.put(order.id, replace(found[-1].order, held=Held.PARENT))
        draft.gate.exposure.touch(order.id)
    for order in orders:
        draft.orders.drop(order.id)
        draft.gate.exposure.touch(order.id)
    return found


def judged_anew(draft: Draft, kept: OrderState, quantity_e8: int) -> Judged:
    """One that was kept and is to go for `quantity_e8`; what it counts while it is kept is not counted beside it."""
    draft.orders.drop(kept.id)
    draft.gate.exposure.touch(kept.id)
    going = replace(kept, held=Held.NOT, quantity_e8=quantity_e8)
    found = judged(draft, going, counts_as_placed=False)
    draft.orders.put(kept.id, kept)
    draft.gate.exposure.touch(kept.id)
    return found
