"""Which symbols may an alert name? What is traded is known above this floor; whoever knows registers a check here."""

from __future__ import annotations

from collections.abc import Callable

from tradingmw.errors import Code, InvalidRequest, Unavailable

#: Gives the symbol as it is kept; None where it is not traded.
SymbolCheck = Callable[[str], str | None]
_checks: list[SymbolCheck] = []


def symbol_check_register(check: SymbolCheck) -> None:
    """Ask `check` from now on, and no other."""
    _checks[:] = [check]


def symbol_checked(symbol: str) -> str:
    """`symbol` as it is kept; InvalidRequest (UNKNOWN_INSTRUMENT)."""
    if not _checks:
        raise Unavailable("Nothing knows here what is traded.", code=Code.NOT_READY)
    if (kept := _checks[0](symbol)) is None:
        fault = {"attr": "symbol", "code": Code.UNKNOWN_INSTRUMENT.lower(), "detail": "The symbol is not traded here."}
        raise InvalidRequest(fault["detail"], code=Code.UNKNOWN_INSTRUMENT, errors=[fault])
    return kept
