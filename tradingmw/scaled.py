"""How does a decimal become the 64-bit integer that the wire and the database carry?

Prices and quantities count units of 10⁻⁸ (`_e8`), amounts such as notional and P&L units of 10⁻⁴ (`_e4`).
Nothing is ever rounded on the way in: a number with more digits, or beyond 64 bits, is an error.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from tradingmw.errors import Code, InvalidRequest

E8 = 10**8
INT64_MAX = 2**63 - 1
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])


def checked(scaled: int) -> int:
    """`scaled` itself; `InvalidRequest` (NUMBER_OUT_OF_RANGE) where 64 bits do not hold it."""
    if not -INT64_MAX <= scaled <= INT64_MAX:
        raise InvalidRequest("The number is too large.", code=Code.NUMBER_OUT_OF_RANGE)
    return scaled


def scale(value: Decimal | str | int, digits: int) -> int:
    """`value` · 10^digits as an exact integer; `InvalidRequest` for NaN, infinities and digits beyond the scale."""
    try:
        shifted = EXACT.scaleb(Decimal(value), digits)
        whole = int(EXACT.quantize(shifted, Decimal(1)))
    except Inexact:
        raise InvalidRequest(f"At most {digits} decimal places.", code=Code.NUMBER_OUT_OF_RANGE) from None
    except (InvalidOperation, ValueError, OverflowError):
        raise InvalidRequest("Not a finite decimal number.", code=Code.NUMBER_OUT_OF_RANGE) from None
    return checked(whole)


def to_e8(value: Decimal | str | int) -> int:
    return scale(value, 8)


def to_e16(value: str) -> int:
    """A sum of prices × quantities: exact, and as wide as it is. `InvalidRequest`."""
    try:
        return int(EXACT.quantize(EXACT.scaleb(Decimal(value), 16), Decimal(1)))
    except (Inexact, InvalidOperation, ValueError, OverflowError):
        raise InvalidRequest("Not such a sum.", code=Code.NUMBER_OUT_OF_RANGE) from None


def unscale(scaled: int, digits: int) -> Decimal:
    return Decimal(scaled).scaleb(-digits)


def from_e8(scaled: int) -> Decimal:
    return unscale(scaled, 8)


def _text(scaled: int, digits: int) -> str:
    sign, whole = ("-", -scaled) if scaled < 0 else ("", scaled)
    head, tail = divmod(whole, 10**digits)
    fraction = f"{tail:0{digits}d}".rstrip("0")
    return f"{sign}{head}.{fraction}" if fraction else f"{sign}{head}"


@lru_cache(maxsize=65_536)
def text_e8(scaled: int) -> str:
    """The plain decimal string of the contract: no exponent, no trailing zeros ("0.01", "100")."""
    return _text(scaled, 8)


def text_e4(scaled: int) -> str:
    """The plain decimal string of an amount."""
    return _text(scaled, 4)


def text_e16(scaled: int) -> str:
    """The plain decimal string of an exact sum of prices × quantities."""
    return _text(scaled, 16)


def notional_e4(price_e8: int, quantity_e8: int) -> int:
    """price × quantity in units of 10⁻⁴, half to even where 10⁻⁴ does not hold it exactly."""
    whole, rest = divmod(price_e8 * quantity_e8, 10**12)
    half = 5 * 10**11
    return checked(whole + (rest > half or (rest == half and whole % 2 == 1)))
