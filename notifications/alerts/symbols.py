"""Which symbols may an alert name, and whose? What is traded is known above this floor; who knows registers checks."""

from __future__ import annotations

from collections.abc import Callable

from accounts.rights import Rights
from tradingmw.errors import Code, InvalidRequest, Unavailable

#: Gives the symbol as it is kept; None where it is not traded.
SymbolCheck = Callable[[str], str | None]
#: Forbidden where these rights do not cover the symbol's market data: an alert would tell of it.
SightCheck = Callable[[Rights, str], None]
_checks: list[SymbolCheck] = []
_sights: list[SightCheck] = []


def symbol_check_register(check: SymbolCheck) -> None:
    """Ask `check` from now on, and no other."""
    _checks[:] = [check]


def sight_check_register(check: SightCheck) -> None:
    """Ask `check` from now on, and no other."""
    _sights[:] = [check]


def sight_needed(rights: Rights, symbol: str) -> None:
    """Forbidden where `rights` do not cover the market data of `symbol`."""
    if not _sights:
        raise unknown_here()
    _sights[0](rights, symbol)


def unknown_here() -> Unavailable:
    return Unavailable("Nothing knows here what is traded.", code=Code.NOT_READY)


def symbol_checked(symbol: str) -> str:
    """`symbol` as it is kept; InvalidRequest (UNKNOWN_INSTRUMENT)."""
    if not _checks:
        raise unknown_here()
    if (kept := _checks[0](symbol)) is None:
        fault = {"attr": "symbol", "code": Code.UNKNOWN_INSTRUMENT.lower(), "detail": "The symbol is not traded here."}
        raise InvalidRequest(fault["detail"], code=Code.UNKNOWN_INSTRUMENT, errors=[fault])
    return kept
