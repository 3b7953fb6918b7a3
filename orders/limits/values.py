"""In which unit is the value of each rule, and which values are possible? Public words in, scaled integers out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from orders.core.limits import Breach, Rule
from tradingmw.errors import InvalidRequest
from tradingmw.scaled import INT64_MAX, scale, text_e4, text_e8
from tradingmw.typed_body import NUMBER_CHARACTERS_MAX, is_plain

HUNDRED_PER_CENT_E4: Final = 100 * 10**4


class Unit(NamedTuple):
    """`digits` of the scale; `least` and `most` that can be meant, in the unit itself."""

    digits: int
    least: int
    most: int
    told: str


def quantity(least: int = 1) -> Unit:
    return Unit(8, least, INT64_MAX, "a quantity")


#: by the digits of the scale
SHOWN: Final[Mapping[int, Callable[[int], str]]] = {8: text_e8, 4: text_e4, 0: str}
AMOUNT: Final = Unit(4, 1, INT64_MAX, "an amount")
#: None: the rule has no value. A position may be bound to nothing at all; nothing else makes sense at zero.
UNITS: Final[Mapping[Rule, Unit | None]] = {
    Rule.RESTRICTED: None,
    Rule.SELF_TRADE: None,
    Rule.REFERENCE_PRICE: None,
    Rule.MAX_ORDER_QUANTITY: quantity(),
    Rule.MAX_ORDER_NOTIONAL: AMOUNT,
    Rule.PRICE_COLLAR: Unit(4, 1, HUNDRED_PER_CENT_E4, "per cent"),
    Rule.MAX_POSITION: quantity(least=0),
    Rule.MAX_OPEN_NOTIONAL: AMOUNT,
    Rule.MAX_OPEN_ORDERS: Unit(0, 1, 10**7, "orders"),
    Rule.ORDER_RATE: Unit(0, 1, 10**6, "orders in a second"),
    Rule.MAX_DAILY_ORDERS: Unit(0, 1, 10**9, "orders in a day"),
    Rule.MAX_DAILY_CANCELS: Unit(0, 1, 10**9, "cancels in a day"),
    Rule.DUPLICATE_ORDERS: Unit(0, 1, 10**6, "equal orders"),
}
#: A rate is over before anybody could be asked.
ONLY_DENIED: Final = frozenset({Rule.ORDER_RATE})


def scaled_value(rule: Rule, text: str | None) -> int:
    """`InvalidRequest` with a sentence for people where `text` is no value of this rule."""
    unit = UNITS[rule]
    if unit is None:
        if text is not None:
            raise InvalidRequest(f"{rule.value} has no value.")
        return 0
    if text is None:
        raise InvalidRequest(f"{rule.value} needs a value: {unit.told}.")
    if len(text) > NUMBER_CHARACTERS_MAX or not is_plain(text):
        raise InvalidRequest("Give a decimal number as a string.")
    value = scale(text, unit.digits)
    if not unit.least <= value <= unit.most:
        raise InvalidRequest(f"{rule.value} must be from {shown(unit, unit.least)} to {shown(unit, unit.most)}.")
    return value


def shown(unit: Unit, value: int) -> str:
    return SHOWN[unit.digits](value)


def value_text(rule: Rule, value: int) -> str | None:
    """The public decimal string; None for a rule without a value."""
    unit = UNITS[rule]
    return None if unit is None else shown(unit, value)


def breach_possible(rule: Rule, breach: Breach) -> bool:
    return breach is Breach.DENY or rule not in ONLY_DENIED
