"""Which symbols may an alert name? What is traded is known above this floor; whoever knows registers a check here."""

from __future__ import annotations

from collections.abc import Callable

from tradingmw.errors import Code, Unavailable

#: Gives the symbol as it is kept; raises a TradingError where it is not traded.
SymbolCheck = Callable[[str], str]
_checks: list[SymbolCheck] = []


def symbol_check_register(check: SymbolCheck) -> None:
    """Ask `check` from now on, and no other."""
    _checks[:] = [check]


def symbol_checked(symbol: str) -> str:
    """`symbol` as it is kept; NotFound (UNKNOWN_INSTRUMENT)."""
    if not _checks:
        raise Unavailable("Nothing knows here what is traded.", code=Code.NOT_READY)
    return _checks[0](symbol)
