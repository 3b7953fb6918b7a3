"""Which instruments are there, and what does a page of them look like?"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from marketdata.models import Instrument
from tradingmw.errors import Code, NotFound

#: Symbols in one query: SQL Server takes 2,100 parameters, SQLite may be built for 999.
SYMBOLS_PER_QUERY = 500


def instrument_page(*, query: str, after: str, limit: int) -> tuple[list[Instrument], str | None]:
    """Up to `limit` active instruments by symbol, after symbol `after`, and the symbol to go on from (None: the end).

    `query` is sought in symbol and description, whatever its case.
    """
    rows = _found(query).filter(symbol__gt=after).order_by("symbol")[: limit + 1]
    page = list(rows)
    return page[:limit], page[limit - 1].symbol if len(page) > limit else None


def _found(query: str) -> QuerySet[Instrument]:
    active = Instrument.objects.filter(active=True)
    return active.filter(Q(symbol__icontains=query) | Q(description__icontains=query)) if query else active


def instrument_get(symbol: str) -> Instrument:
    """`NotFound` (UNKNOWN_INSTRUMENT) where it is not traded here."""
    found = Instrument.objects.filter(symbol=symbol.upper(), active=True).first()
    if found is None:
        raise NotFound("The symbol is not traded here.", code=Code.UNKNOWN_INSTRUMENT)
    return found


def instrument_symbol(symbol: str) -> str | None:
    """The symbol as the instrument has it; None where it is not traded here."""
    return Instrument.objects.filter(symbol=symbol.upper(), active=True).values_list("symbol", flat=True).first()


def instrument_exchanges(symbols: Collection[str]) -> dict[str, str]:
    """The exchange of each of `symbols` that is traded here; the others are absent."""
    names, found = sorted(symbols), dict[str, str]()
    for start in range(0, len(names), SYMBOLS_PER_QUERY):
        rows = Instrument.objects.filter(symbol__in=names[start : start + SYMBOLS_PER_QUERY], active=True)
        found.update(rows.values_list("symbol", "exchange"))
    return found
