"""What did an account hold at a past moment? Worked out from its executions until then; nothing else is asked.

What was traded by then counts as it is known now: a bust that came later makes the trade void from the beginning, and a
correction stands where the trade stood (`docs/decisions/0047`). So the positions of this moment are those that are
stored. No market price of then is kept: a position is shown at its last fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.rights import Reach
from orders.models import Execution
from orders.positions.fills import traded_by
from orders.selectors import PositionPlace, Shape, fence
from orders.shapes import position_shape
from tradingmw.paging import Page

#: A page ends before the holding that would make it read more executions than this; one holding always fits.
EXECUTIONS_PER_PAGE = 50_000
NOBODY = UUID(int=0)  #: the shape names no user


class Holding(NamedTuple):
    """What an account has traded in a symbol, and how often."""

    symbol: str
    account: UUID
    executions: int


def positions_as_of(
    reach: Reach, *, as_of: datetime, symbols: Sequence[str], after: PositionPlace | None, limit: int
) -> Page[Shape]:
    """By symbol, then by account, flat ones included, from behind `after` on; of what was executed until `as_of`."""
    executed = Execution.objects.filter(fence(reach, "account__desk_id"), executed_at__lte=as_of)
    if symbols:
        executed = executed.filter(symbol__in=list(symbols))
    holdings = holdings_of(executed.filter(behind(after)) if after else executed, limit + 1)
    page = within_bounds(holdings[:limit])
    token = PositionPlace(page[-1].symbol, page[-1].account).token() if len(page) < len(holdings) else None
    return Page([*worked_out_of(executed, page)], token)


def holdings_of(executed: QuerySet[Execution], most: int) -> list[Holding]:
    rows = executed.values("symbol", "account_id").annotate(executions=Count("id")).order_by("symbol", "account_id")
    return [Holding(row["symbol"], row["account_id"], row["executions"]) for row in rows[:most]]


def within_bounds(holdings: list[Holding]) -> list[Holding]:
    total = 0

    def fits(holding: Holding) -> bool:
        nonlocal total
        first, total = total == 0, total + holding.executions
        return first or total <= EXECUTIONS_PER_PAGE

    return list(takewhile(fits, holdings))


def worked_out_of(executed: QuerySet[Execution], page: Sequence[Holding]) -> Iterable[Shape]:
    if not page:
        return
    first, last = page[0], page[-1]
    between = ~before(PositionPlace(first.symbol, first.account)) & ~behind(PositionPlace(last.symbol, last.account))
    traded = traded_by(executed.filter(between))
    for holding in page:
        yield position_shape(traded[holding.account, holding.symbol].position(NOBODY))


def behind(place: PositionPlace) -> Q:
    return Q(symbol__gt=place.symbol) | Q(symbol=place.symbol, account_id__gt=place.account_id)


def before(place: PositionPlace) -> Q:
    return Q(symbol__lt=place.symbol) | Q(symbol=place.symbol, account_id__lt=place.account_id)
