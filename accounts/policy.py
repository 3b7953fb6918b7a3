"""Who may do what? The one page that says it: a table of roles and functions, and a rule per attribute of a user.

A role is held by the groups of a user, and gives functions. What a function allows is narrowed by the user's attributes
(`accounts.models.Entitlement`), and by the scopes of the key where a program asks. Nothing here knows the web or the
database: services, views and sockets ask `accounts.rights`, which reads a user and decides by this page. The table
stands in `docs/rights.md` for people, which is made from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo


class Role(StrEnum):
    """What a user is here; kept as Django groups of the same name."""

    TRADER = "trader"
    DESK_HEAD = "desk_head"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"
    ADMIN = "admin"
    READ_ONLY = "read_only"


class Function(StrEnum):
    """What can be done here. A scope of an API key is one of these words."""

    SELF_READ = "self.read"  #: who am I
    SESSIONS_KEEP = "sessions.keep"  #: see and end one's own sessions and devices
    FACTORS_KEEP = "factors.keep"  #: one's own second factors
    KEYS_KEEP = "keys.keep"  #: one's own API keys
    SOCKETS_OPEN = "sockets.open"  #: tickets for WebSockets
    SCREENS_KEEP = "screens.keep"  #: one's own profile, workspaces and watchlists
    ALERTS_KEEP = "alerts.keep"  #: one's own price alerts and notifications
    EVENTS_READ = "events.read"  #: one's own numbered events
    SYSTEM_READ = "system.read"  #: how engine link, order bridge and feed are
    MARKET_READ = "market.read"  #: instruments, quotes, books, trades
    ORDERS_READ_OWN = "orders.read_own"  #: orders, executions and positions of one's own account
    ORDERS_READ_DESK = "orders.read_desk"  #: those of the desk
    ORDERS_READ_ALL = "orders.read_all"  #: those of everybody
    ORDERS_PLACE = "orders.place"  #: orders on one's own account
    ORDERS_CHANGE = "orders.change"  #: other terms for one's open orders
    ORDERS_CANCEL = "orders.cancel"  #: the end of one's open orders
    ORDERS_CANCEL_DESK = "orders.cancel_desk"  #: all open orders of the desk at once
    ORDERS_APPROVE = "orders.approve"  #: another's orders that are kept for approval, as far as one sees them
    TRADING_HALT_OWN = "trading.halt_own"  #: halt or restrict one's own trading
    TRADING_HALT_DESK = "trading.halt_desk"  #: that of the desk that one heads, and of its users
    TRADING_HALT = "trading.halt"  #: that of the firm, and of any desk, user or symbol
    TRADING_RELEASE = "trading.release"  #: ask that it is restricted less, or agree to that; never what one has blocked
    LIMITS_READ = "limits.read"  #: the limits that bind one; a head of a desk also those of its users
    LIMITS_READ_ALL = "limits.read_all"  #: those of everybody
    LIMITS_PROPOSE = "limits.propose"  #: limits for the desk that one heads and its users, or for all; never one's own
    LIMITS_DECIDE = "limits.decide"  #: what somebody else has proposed


Functions = frozenset[Function]

#: Of every user who has proven who he is, whatever he may do besides. Not for programs: no key breeds keys.
PERSON: Final = frozenset(
    {Function.SELF_READ, Function.SESSIONS_KEEP, Function.FACTORS_KEEP, Function.KEYS_KEEP, Function.SCREENS_KEEP}
)
LOOK: Final = frozenset(
    {
        Function.SOCKETS_OPEN,
        Function.ALERTS_KEEP,
        Function.EVENTS_READ,
        Function.SYSTEM_READ,
        Function.MARKET_READ,
        Function.ORDERS_READ_OWN,
        Function.LIMITS_READ,
        Function.TRADING_HALT_OWN,
    }
)
TRADE: Final = frozenset({Function.ORDERS_PLACE, Function.ORDERS_CHANGE, Function.ORDERS_CANCEL})
DESK: Final = frozenset({Function.ORDERS_READ_DESK, Function.ORDERS_CANCEL_DESK, Function.ORDERS_APPROVE})
TRADING: Final = frozenset({Function.TRADING_HALT, Function.TRADING_RELEASE})
LIMITS: Final = frozenset({Function.LIMITS_READ_ALL, Function.LIMITS_PROPOSE, Function.LIMITS_DECIDE})

ROLES: Final[Mapping[Role, Functions]] = {
    Role.TRADER: LOOK | TRADE,
    Role.DESK_HEAD: LOOK | TRADE | DESK | {Function.LIMITS_PROPOSE, Function.TRADING_HALT_DESK},
    Role.COMPLIANCE: LOOK | LIMITS | TRADING | {Function.ORDERS_READ_ALL, Function.ORDERS_APPROVE},
    Role.OPERATIONS: LOOK | TRADING | {Function.LIMITS_READ_ALL},
    Role.ADMIN: LOOK | LIMITS | TRADING,
    Role.READ_ONLY: LOOK,
}
#: Two people agree on these; a program is neither of them.
OF_TWO: Final = frozenset({Function.LIMITS_PROPOSE, Function.LIMITS_DECIDE, Function.ORDERS_APPROVE})
#: What a program may be given a key for.
SCOPES: Final = frozenset(Function) - (PERSON - {Function.SELF_READ, Function.SCREENS_KEEP}) - OF_TWO


@lru_cache(maxsize=256)
def functions_of(roles: frozenset[str]) -> Functions:
    """What users with these roles may do; a name that is no role gives nothing."""
    return PERSON.union(*(given for role, given in ROLES.items() if role in roles))


# Attributes ----------------------------------------------------------------------------------------------------------


class Attributes(NamedTuple):
    """What narrows a user's functions; an empty set and None mean that nothing does. Amounts in 10⁻⁴."""

    exchanges: frozenset[str] = frozenset()
    asset_classes: frozenset[str] = frozenset()
    order_types: frozenset[str] = frozenset()
    quantity_max_e8: int | None = None
    value_max_e4: int | None = None
    opens: time | None = None
    closes: time | None = None
    time_zone: str = "UTC"
    data_exchanges: frozenset[str] = frozenset()
    data_asset_classes: frozenset[str] = frozenset()
    signed_above_e4: int | None = None  #: orders of greater value need a signature; so do changes of keys and limits
    needs_approval: bool = False  #: orders are kept until a second person has decided


UNRESTRICTED: Final = Attributes()


class OrderTerms(NamedTuple):
    """What the rules look at. `value_e4` is quantity × price; None where no price binds the order, as of a market one.

    `exchange` and `asset_class` are None where the instrument is not known here: nothing restricted allows it.
    """

    exchange: str | None
    asset_class: str | None
    order_type: str
    quantity_e8: int
    value_e4: int | None


class Rule(NamedTuple):
    """One attribute: the field of an order that breaks it, and how that is told."""

    field: str
    allows: Callable[[Attributes, OrderTerms], bool]
    told: str


def among(allowed: frozenset[str], value: str | None) -> bool:
    return not allowed or value in allowed


def at_most(limit: int | None, value: int | None) -> bool:
    """What has no known value is above every limit."""
    return limit is None or (value is not None and value <= limit)


ORDER_RULES: Final = (
    Rule("exchange", lambda mine, order: among(mine.exchanges, order.exchange), "You may not trade there."),
    Rule("symbol", lambda mine, order: among(mine.asset_classes, order.asset_class), "Not an asset class of yours."),
    Rule("orderType", lambda mine, order: among(mine.order_types, order.order_type), "Not an order type of yours."),
    Rule("quantity", lambda mine, order: at_most(mine.quantity_max_e8, order.quantity_e8), "More than you may order."),
    Rule("price", lambda mine, order: at_most(mine.value_max_e4, order.value_e4), "Worth more than you may order."),
)


def broken_rules(mine: Attributes, order: OrderTerms) -> Iterator[Rule]:
    """Those that the order breaks."""
    return (rule for rule in ORDER_RULES if not rule.allows(mine, order))


def is_open(mine: Attributes, now: datetime) -> bool:
    """Is it within the user's hours? Hours that end before they begin span midnight."""
    if mine.opens is None or mine.closes is None:
        return True
    there = now.astimezone(ZoneInfo(mine.time_zone)).time()
    if mine.opens <= mine.closes:
        return mine.opens <= there < mine.closes
    return there >= mine.opens or there < mine.closes


def sees_data(mine: Attributes, exchange: str | None, asset_class: str | None) -> bool:
    """Is market data of such an instrument among what the user has subscribed to?"""
    return among(mine.data_exchanges, exchange) and among(mine.data_asset_classes, asset_class)


def needs_signature(mine: Attributes, order: OrderTerms) -> bool:
    return not at_most(mine.signed_above_e4, order.value_e4)
