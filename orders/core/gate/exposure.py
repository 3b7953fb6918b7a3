"""What do the open orders and the positions come to, for the firm, each desk, each account, in all and by symbol?

Kept in memory: an order counts from the moment at which it is to be sent, a fill moves it into the position, and what
is over is given back. Each order's part is remembered, so that what was added is taken off again exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from bridge.wire.vocabulary import Side
from orders.core.layers import Layer
from orders.core.scopes import Scope
from orders.core.state import CommandKey, CommandState, Held, OrderState, PositionState, Terms

ACCOUNTS: Final = 100_000  #: × desks × symbols whose keys are kept ready
NO_TERMS: Final = Terms()


class Key(NamedTuple):
    """Whose; in `symbol`, or in all where that is empty.

    `whose` is a desk's id or an account's as a number, which compares faster; 0 for the firm.
    """

    scope: Scope
    whose: int = 0
    symbol: str = ""


class Sums(Struct, frozen=True, gc=False):
    """Open orders: how many, what they may still buy and sell, at which value; and the position, net of all accounts.

    `buy_e8`, `sell_e8` and `position_e8` of different symbols are not added up: they are 0 where the key names none.
    """

    orders: int = 0
    buy_e8: int = 0
    sell_e8: int = 0
    notional_e16: int = 0
    position_e8: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(
            self.orders + other.orders,
            self.buy_e8 + other.buy_e8,
            self.sell_e8 + other.sell_e8,
            self.notional_e16 + other.notional_e16,
            self.position_e8 + other.position_e8,
        )

    def minus(self, other: Sums) -> Sums:
        return Sums(
            self.orders - other.orders,
            self.buy_e8 - other.buy_e8,
            self.sell_e8 - other.sell_e8,
            self.notional_e16 - other.notional_e16,
            self.position_e8 - other.position_e8,
        )


NOTHING: Final = Sums()
Whose = tuple[UUID | None, UUID, str]  #: desk, account, symbol
Traded = Layer[tuple[UUID, str], PositionState]


class Counted(Struct, frozen=True):
    """What an order or a position adds to the sums of `whose`."""

    whose: Whose
    part: Sums


K_contra = TypeVar("K_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)
K = TypeVar("K")


class Readable(Protocol[K_contra, V_co]):
    def get(self, key: K_contra, /) -> V_co | None: ...
    def values(self) -> Iterable[V_co]: ...


class Sources(NamedTuple):
    """What the sums are made of: the parts of a book, or those of a draft over it."""

    orders: Readable[UUID, OrderState]
    replaces: Readable[UUID, CommandKey]
    commands: Readable[CommandKey, CommandState]
    positions: Readable[tuple[UUID, str], PositionState]


# --- what one of them counts -----------------------------------------------------------------------------------------
def part_of(order: OrderState, wanted: Terms = NO_TERMS) -> Sums:
    """The worst of the order's terms and of those that are `wanted` of it. An order that waits for an approval counts
    for nothing; one that waits for another order counts, but does not trade yet."""
    if order.final or order.held is Held.APPROVAL:
        return NOTHING
    most_e8 = leaves(order, NO_TERMS)
    notional_e16 = most_e8 * worth_of(order, NO_TERMS)
    if wanted is not NO_TERMS:
        then_e8 = leaves(order, wanted)
        notional_e16 = max(notional_e16, then_e8 * worth_of(order, wanted))
        most_e8 = max(most_e8, then_e8)
    trades_e8 = 0 if order.held else most_e8
    bought_e8, sold_e8 = (trades_e8, 0) if order.side is Side.BUY else (0, trades_e8)
    return Sums(1, bought_e8, sold_e8, notional_e16)


def leaves(order: OrderState, wanted: Terms) -> int:
    total_e8 = order.quantity_e8 if wanted.quantity_e8 is None else wanted.quantity_e8
    return max(0, total_e8 - order.filled_e8)


def worth_of(order: OrderState, wanted: Terms) -> int:
    """The price at which a unit of it counts: its own, and never less than that by which it was judged."""
    price_e8 = order.price_e8 if wanted.price_e8 is None else wanted.price_e8
    return max(price_e8 or 0, order.reference_e8 or 0)


def wanted_of(sources: Sources, order: OrderState) -> Terms:
    """Of a change whose outcome is not known."""
    key = sources.replaces.get(order.id)
    command = sources.commands.get(key) if key else None
    return command.terms if command else NO_TERMS


def counted_order(sources: Sources, order: OrderState) -> Counted | None:
    part = part_of(order, wanted_of(sources, order))
    return Counted((order.desk, order.account, order.symbol), part) if part.orders else None


def counted_position(position: PositionState) -> Counted | None:
    if not position.quantity_e8:
        return None
    return Counted((position.desk, position.account, position.symbol), Sums(position_e8=position.quantity_e8))


@lru_cache(maxsize=ACCOUNTS)
def keys_of(whose: Whose) -> tuple[Key, ...]:
    """Those of all symbols together, then those of the symbol; the widest first."""
    desk, account, symbol = whose
    owners = [(Scope.FIRM, 0), *([(Scope.DESK, desk.int)] if desk else []), (Scope.USER, account.int)]
    return tuple(Key(scope, who, of) for of in ("", symbol) for scope, who in owners)


def shared_out(whose: Whose, part: Sums) -> list[tuple[Key, Sums]]:
    """What of `part` is added up under which key; nothing is not."""
    if part.orders or part.notional_e16:
        of_all = Sums(part.orders, notional_e16=part.notional_e16)
        return [(key, part if key.symbol else of_all) for key in keys_of(whose)]
    return [(key, part) for key in keys_of(whose) if key.symbol] if part != NOTHING else []


def moved(before: Counted | None, after: Counted | None) -> list[tuple[Key, Sums]]:
    """What comes to which sums where `after` takes the place of `before`."""
    if before and after and before.whose == after.whose:
        return shared_out(after.whose, after.part.minus(before.part))
    off = shared_out(before.whose, NOTHING.minus(before.part)) if before else []
    return [*off, *shared_out(after.whose, after.part)] if after else off


# --- the sums --------------------------------------------------------------------------------------------------------
class Exposure:
    """The sums that belong to what is committed. `sums` has no key whose sums are nothing."""

    def __init__(self, sources: Sources) -> None:
        self.orders: dict[UUID, Counted] = {}
        self.positions: dict[tuple[UUID, str], Counted] = {}
        self.sums: dict[Key, Sums] = {}
        for order in sources.orders.values():
            if counted := counted_order(sources, order):
                self.orders[order.id] = counted
        for position in sources.positions.values():
            if counted := counted_position(position):
                self.positions[position.account, position.symbol] = counted
        for counted in (*self.orders.values(), *self.positions.values()):
            self._shift(shared_out(counted.whose, counted.part))

    def count(self, counted: dict[K, Counted], key: K, after: Counted | None) -> None:
        """What `key`, of `orders` or `positions`, adds from now on; None: nothing any more."""
        before = counted.get(key)
        if before == after:
            return
        if after:
            counted[key] = after
        else:
            del counted[key]
        self._shift(moved(before, after))

    def _shift(self, shares: list[tuple[Key, Sums]]) -> None:
        for key, more in shares:
            before = self.sums.get(key)
            after = before.plus(more) if before else more
            if after == NOTHING:
                del self.sums[key]
            else:
                self.sums[key] = after


class ExposureDraft:
    """The sums as the decisions of a batch leave them, over those of the book; adopted with the draft or forgotten."""

    def __init__(self, below: Exposure, sources: Sources, traded: Traded) -> None:
        """`traded`: the positions as the batch changes them."""
        self._below, self._sources, self._traded = below, sources, traded
        self._touched: set[UUID] = set()
        self._seen: dict[tuple[UUID, str], PositionState | None] = {}
        self._orders = Layer(below.orders)
        self._positions = Layer(below.positions)
        self._sums = Layer(below.sums)

    def touch(self, order_id: UUID) -> None:
        """It has changed, or what is asked of it: counted anew before the sums are looked at next."""
        self._touched.add(order_id)

    def of(self, key: Key) -> Sums:
        """As they were when `settle` was called last."""
        return self._sums.get(key) or NOTHING

    def wanted(self, order: OrderState) -> Terms:
        """Of a change of it that is under way."""
        return wanted_of(self._sources, order)

    def settle(self) -> None:
        """Count what has changed since."""
        for order_id, order in self._touched_orders():
            self._count(self._orders, order_id, order)
        for held, position in self._traded_positions():
            self._count(self._positions, held, position)

    def adopt(self) -> None:
        """What nobody has asked for since it changed is counted at once in what is committed."""
        if self._sums.changes:
            self._orders.adopt()
            self._positions.adopt()
            self._sums.adopt()
        for order_id, order in self._touched_orders():
            self._below.count(self._below.orders, order_id, order)
        for held, position in self._traded_positions():
            self._below.count(self._below.positions, held, position)

    def _touched_orders(self) -> Iterator[tuple[UUID, Counted | None]]:
        """What each adds now; not again until it is touched again."""
        for order_id in self._touched:
            order = self._sources.orders.get(order_id)
            yield order_id, counted_order(self._sources, order) if order else None
        self._touched.clear()

    def _traded_positions(self) -> Iterator[tuple[tuple[UUID, str], Counted | None]]:
        for key, position in self._traded.changes.items():
            if self._seen.get(key) is not position:
                self._seen[key] = position
                yield key, counted_position(position) if position else None

    def _count(self, layer: Layer[K, Counted], key: K, after: Counted | None) -> None:
        before = layer.get(key)
        if before == after:
            return
        if after:
            layer.put(key, after)
        else:
            layer.drop(key)
        for each, more in moved(before, after):
            so_far = self._sums.get(each)
            total = so_far.plus(more) if so_far else more
            if total == NOTHING:
                self._sums.drop(each)
            else:
                self._sums.put(each, total)
