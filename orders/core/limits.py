"""What is a limit? A rule, whom it holds for, how much, from when until when, and what a breach leads to."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from orders.core.scopes import Target


class Rule(StrEnum):
    """What the gate looks at; the public word of `rules[].rule`. The unit of a limit's value stands beside each."""

    TRADING_STATE = "trading_state"  #: no limit of its own
    RESTRICTED = "restricted"  #: none: the symbol may not be traded by whom it holds for
    REFERENCE_PRICE = "reference_price"  #: none: a market order needs a fresh, uncrossed price
    MAX_ORDER_QUANTITY = "max_order_quantity"  #: 10⁻⁸
    MAX_ORDER_NOTIONAL = "max_order_notional"  #: 10⁻⁴
    PRICE_COLLAR = "price_collar"  #: per cent of the reference price, in 10⁻⁴
    MAX_POSITION = "max_position"  #: 10⁻⁸, long or short, open orders counted as filled
    MAX_OPEN_NOTIONAL = "max_open_notional"  #: 10⁻⁴
    MAX_OPEN_ORDERS = "max_open_orders"  #: orders
    ORDER_RATE = "order_rate"  #: orders in a second
    MAX_DAILY_ORDERS = "max_daily_orders"  #: orders in a day, UTC
    DUPLICATE_ORDERS = "duplicate_orders"  #: equal orders (symbol, side, type, price, quantity) within two seconds
    MAX_DAILY_CANCELS = "max_daily_cancels"  #: cancels asked for in a day, UTC; past it nothing new, cancels always
    SELF_TRADE = "self_trade"  #: none: an order must not meet an open one of the same account, desk or firm


class Breach(StrEnum):
    """What a breach of a limit leads to."""

    DENY = "deny"  #: the order is denied: a hard limit
    CONFIRM = "confirm"  #: the caller is warned, and may confirm
    APPROVE = "approve"  #: the order is kept until a second person has decided


class Limit(Struct, frozen=True, kw_only=True):
    """In effect from `from_us` until before `until_us`; only approved ones come here.

    `symbol` narrows a limit of firm, desk or user to one instrument. What is counted over several orders is counted
    over all that the target covers: a desk's `max_open_orders` counts the desk's.
    """

    id: UUID
    rule: Rule
    target: Target
    symbol: str = ""
    value: int = 0
    breach: Breach = Breach.DENY
    from_us: int = 0
    until_us: int | None = None

    def holds_at(self, now_us: int) -> bool:
        return self.from_us <= now_us and (self.until_us is None or now_us < self.until_us)
