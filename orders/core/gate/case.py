"""What is the gate asked about? An order that is new, one that is to be changed, or one that was kept back."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bridge.wire.vocabulary import Side
from orders.core.gate.exposure import NOTHING, Key, Sums, part_of
from orders.core.gate.prices import reference_e8
from orders.core.limits import Limit
from orders.core.marks import NO_MARK
from orders.core.scopes import Scope
from orders.core.state import Held, OrderState, Terms

if TYPE_CHECKING:
    from orders.core.draft import Draft


class Case:
    """`order` is as it would be, `before` as it is (None: a new one).

    `counts_as_placed`: it is one more of those whose number is bounded. `only_broken`: of limits that hold nobody wants
    to know.
    """

    def __init__(
        self,
        draft: Draft,
        order: OrderState,
        before: OrderState | None = None,
        *,
        counts_as_placed: bool = True,
        only_broken: bool = False,
    ) -> None:
        draft.gate.exposure.settle()
        self.draft, self.before = draft, before
        self.counts_as_placed, self.only_broken = counts_as_placed, only_broken
        self.mark = draft.book.marks.get(order.symbol, NO_MARK)
        self.reference_e8 = self._reference_e8(order)
        held = Held.NOT if order.held is Held.APPROVAL else order.held
        self.order = replace(order, held=held, reference_e8=self.reference_e8)

    def _reference_e8(self, order: OrderState) -> int | None:
        """A change is judged by the worse of the two prices: what it becomes, and what it may trade at until then."""
        found_e8 = reference_e8(order, self.mark)
        if self.before is None or self.before.reference_e8 is None or found_e8 is None:
            return found_e8 if self.before is None else found_e8 or self.before.reference_e8
        return max(found_e8, self.before.reference_e8)

    @cached_property
    def adds(self) -> Sums:
        """What it adds to the sums, beyond what the order counts already."""
        if self.before is None:
            return part_of(self.order)
        counted = part_of(self.before, self.draft.gate.exposure.wanted(self.before))
        after = part_of(replace(self.before, reference_e8=self.reference_e8), self.terms)
        return after.minus(counted)

    @property
    def terms(self) -> Terms:
        return Terms(self.order.quantity_e8, self.order.price_e8, self.order.stop_price_e8)

    @property
    def only_lessens(self) -> bool:
        """A change to a smaller quantity, and of nothing else."""
        before, order = self.before, self.order
        return (
            before is not None
            and (before.price_e8, before.stop_price_e8) == (order.price_e8, order.stop_price_e8)
            and order.quantity_e8 < before.quantity_e8
        )

    @property
    def grows(self) -> bool:
        """It is new, or is to be larger."""
        return self.before is None or self.order.quantity_e8 > self.before.quantity_e8

    def sums(self, key: Key) -> Sums:
        """As they are, without the case."""
        return self.draft.gate.exposure.of(key)

    def key_of(self, limit: Limit) -> Key:
        """Whose sums the limit is held against. A user's are those of his account."""
        return self._key(limit, self.order.symbol if limit.target.scope is Scope.SYMBOL else limit.symbol)

    def key_in_symbol(self, limit: Limit) -> Key:
        """The same in the order's symbol only."""
        return self._key(limit, self.order.symbol)

    def _key(self, limit: Limit, symbol: str) -> Key:
        scope = limit.target.scope
        if scope is Scope.USER:
            return Key(scope, self.order.account.int, symbol)
        if scope is Scope.DESK and self.order.desk is not None:
            return Key(scope, self.order.desk.int, symbol)
        return Key(Scope.FIRM, 0, symbol)

    def at_worst_e8(self, key: Key, more: Sums = NOTHING) -> int:
        """How long a buyer, or how short a seller, would be there if all open orders of his side traded."""
        sums = self.sums(key).plus(more)
        if self.order.side is Side.BUY:
            return sums.position_e8 + sums.buy_e8
        return sums.sell_e8 - sums.position_e8

    @property
    def own_key(self) -> Key:
        """The account's, in the symbol."""
        return Key(Scope.USER, self.order.account.int, self.order.symbol)

    @property
    def could_increase(self) -> bool:
        """Might the account's position be larger after it, or on the other side, once all that is open has traded?"""
        more = self.adds if self.before else part_of(replace(self.order, held=Held.NOT))
        return not self.only_lessens and self.at_worst_e8(self.own_key, more) > 0
