"""Is every stored position what its account's executions make of it? The executions are the truth; rows repeat them.

Read some accounts at a time, while the order bridge writes: a position that changes meanwhile is looked at again before
anything is said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from accounts.models import Account
from orders.ledger.columns import position_columns
from orders.models import Execution, Position
from orders.positions.fills import Key, Traded, traded_by
from tradingmw.scaled import scale

ACCOUNTS_AT_ONCE = 20
KEYS_PER_QUERY = 100
LOOKS = 10
#: what executions say of a position, and the digits of those that are scaled decimals
FIELDS = {
    "quantity": 8,
    "cost_e16": None,
    "realized_e16": None,
    "current_price": 8,
    "average_price": 8,
    "unrealized_pnl": 4,
    "realized_pnl": 4,
}
Numbers = dict[str, int | None]


class Stored(NamedTuple):
    """A row: its key, whom it is shown as, and its numbers in the units of their columns."""

    id: UUID
    user: UUID
    account_name: str
    exchange: str
    numbers: Numbers


class Fault(NamedTuple):
    """One number, as it is in the row and as the executions make it; None: there is no row, or no average."""

    field: str
    stored: int | None
    executions: int | None


class Difference(NamedTuple):
    """A position that is not what was traded."""

    traded: Traded
    stored: Stored | None
    faults: list[Fault]

    @property
    def key(self) -> Key:
        return self.traded.account, self.traded.symbol


class Looked(NamedTuple):
    """Some accounts' positions, and those of them that differ."""

    executions: int
    positions: int
    differences: list[Difference]


def positions_verify() -> Iterator[Looked]:
    """Some accounts at a time."""
    for accounts in slices_of_accounts():
        looked = compared(Q(account_id__in=accounts))
        yield looked._replace(differences=confirmed(looked.differences))


def confirmed(suspects: list[Difference]) -> list[Difference]:
    """Those whose row stood still while their executions were read: others only seemed to differ."""
    certain: list[Difference] = []
    for _ in range(LOOKS):
        before = {each.key: each.stored for each in suspects}
        again = [each for keys in slices(list(before)) for each in compared(of_keys(keys)).differences]
        certain += [each for each in again if each.stored == before[each.key]]
        suspects = [each for each in again if each.stored != before[each.key]]
    return certain


def slices(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[start : start + KEYS_PER_QUERY] for start in range(0, len(keys), KEYS_PER_QUERY))


def of_keys(keys: Sequence[Key]) -> Q:
    found = Q(pk__in=[])
    for account, symbol in keys:
        found |= Q(account_id=account, symbol=symbol)
    return found


def slices_of_accounts() -> Iterator[list[UUID]]:
    """By key, each slice its own query."""
    ordered = Account.objects.order_by("id").values_list("id", flat=True)
    some = list(ordered[:ACCOUNTS_AT_ONCE])
    while some:
        yield some
        some = list(ordered.filter(id__gt=some[-1])[:ACCOUNTS_AT_ONCE])


def compared(which: Q) -> Looked:
    """Of the accounts and symbols that `which` names. A row that nothing was traded for must be flat."""
    traded, stored = traded_by(Execution.objects.filter(which)), stored_of(which)
    for account, symbol in stored.keys() - traded.keys():
        row = stored[account, symbol]
        traded[account, symbol] = Traded(account, symbol, row.account_name, row.exchange)
    found = [Difference(each, stored.get(key), faults(each, stored.get(key))) for key, each in traded.items()]
    differing = sorted((each for each in found if each.faults), key=lambda each: (each.key[0].hex, each.key[1]))
    return Looked(sum(len(each.fills) for each in traded.values()), len(traded), differing)


def stored_of(which: Q) -> dict[Key, Stored]:
    whole = ("account_id", "symbol", "id", "user_id", "account__name", "exchange")
    rows = Position.objects.filter(which).values_list(*whole, *FIELDS)
    return {
        (account, symbol): Stored(row, user, name, exchange, numbers_of(values))
        for account, symbol, row, user, name, exchange, *values in rows
    }


def numbers_of(values: Sequence[Decimal | int | None]) -> Numbers:
    return {field: as_int(field, value) for field, value in zip(FIELDS, values, strict=True)}


def as_int(field: str, value: Decimal | int | None) -> int | None:
    """In the units of the column."""
    digits = FIELDS[field]
    if value is None or digits is None:
        return None if value is None else int(value)
    return scale(value, digits)


def faults(traded: Traded, stored: Stored | None) -> list[Fault]:
    columns = position_columns(traded.position(traded.account))
    row = stored.numbers if stored else dict.fromkeys(FIELDS)
    return [Fault(field, row[field], columns[field]) for field in FIELDS if row[field] != columns[field]]
