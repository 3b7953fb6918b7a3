"""Where is an instrument traded and of which kind is it? What rights depend on, kept for a moment.

Blocking; safe to use from any thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from accounts.rights import Rights
from marketdata.models import Instrument
from tradingmw.errors import Forbidden
from tradingmw.scaled import to_e8

KEPT_SECONDS: Final = 30.0
SYMBOLS_MAX: Final = 50_000


class InstrumentFacts(NamedTuple):
    """None where the instrument is not known here."""

    exchange: str | None = None
    asset_class: str | None = None
    previous_close_e8: int | None = None


UNKNOWN: Final = InstrumentFacts()
_kept: dict[str, tuple[float, InstrumentFacts]] = {}


def facts_of(symbol: str) -> InstrumentFacts:
    """At most half a minute old; what is not known is not kept."""
    now = time.monotonic()
    kept = _kept.get(symbol)
    if kept is not None and now - kept[0] < KEPT_SECONDS:
        return kept[1]
    row = Instrument.objects.filter(symbol=symbol, active=True).first()
    if row is None:
        return UNKNOWN
    close_e8 = None if row.previous_close is None else to_e8(row.previous_close)
    facts = InstrumentFacts(row.exchange, row.asset_class, close_e8)
    if len(_kept) >= SYMBOLS_MAX:
        _kept.clear()
    _kept[symbol] = (now, facts)
    return facts


def hidden_from(rights: Rights, symbols: Iterable[str]) -> frozenset[str]:
    """Those of `symbols` whose market data the rights do not cover."""
    if rights.sees_all_data:
        return frozenset()
    facts = {symbol: facts_of(symbol) for symbol in symbols}
    return frozenset(s for s, known in facts.items() if not rights.sees_data(known.exchange, known.asset_class))


def need_data(rights: Rights, symbols: Iterable[str]) -> None:
    """Forbidden where the market data of one of `symbols` is not covered."""
    if hidden := sorted(hidden_from(rights, symbols)):
        errors = [{"attr": "symbols", "code": "forbidden", "detail": symbol} for symbol in hidden[:20]]
        raise Forbidden("Your market data does not include this.", errors=errors)


def need_symbol_data(rights: Rights, symbol: str) -> None:
    """The same of one."""
    need_data(rights, (symbol,))
