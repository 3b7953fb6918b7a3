"""Can such a limit be meant at all? Every fault of a proposal at once, each under the name of its field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from accounts.models import Desk, User
from accounts.policy import Function
from accounts.rights import Rights
from marketdata.models import Instrument
from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from orders.limits.selectors import desk_headed
from orders.limits.values import breach_possible, scaled_value
from orders.models import RiskLimit
from tradingmw.errors import InvalidRequest

Fault = dict[str, str]


class Terms(NamedTuple):
    """What is proposed, in public words; `target` a username, the name of a desk, a symbol, None for the firm."""

    rule: Rule
    scope: Scope = Scope.FIRM
    target: str | None = None
    symbol: str | None = None
    value: str | None = None
    breach: Breach = Breach.DENY
    effective_from: datetime | None = None
    effective_until: datetime | None = None


def limit_checked(terms: Terms, rights: Rights, now: datetime) -> RiskLimit:
    """The row, not saved and nobody's yet; InvalidRequest with all faults."""
    row = RiskLimit(rule=terms.rule.value, scope=terms.scope.value, breach=terms.breach.value)
    row.effective_from, row.effective_until = terms.effective_from, terms.effective_until
    raise_faults([*value_faults(row, terms), *target_faults(row, terms, rights), *date_faults(terms, now)])
    return row


def raise_faults(faults: list[Fault]) -> None:
    if faults:
        raise InvalidRequest(faults[0]["detail"], errors=faults)


def fault(attr: str, detail: str) -> Fault:
    return {"attr": attr, "code": "invalid", "detail": detail}


def value_faults(row: RiskLimit, terms: Terms) -> Iterator[Fault]:
    if terms.rule is Rule.TRADING_STATE:
        yield fault("rule", "A trading state is no limit: POST /trading-state.")
        return
    try:
        row.value = scaled_value(terms.rule, terms.value)
    except InvalidRequest as error:
        yield fault("value", error.detail)
    if not breach_possible(terms.rule, terms.breach):
        yield fault("breach", f"A breach of {terms.rule.value} can only deny.")


def target_faults(row: RiskLimit, terms: Terms, rights: Rights) -> Iterator[Fault]:
    if (terms.target is None) != (terms.scope is Scope.FIRM):
        yield fault("target", "The firm is its own target." if terms.target else f"Which {terms.scope.value}?")
    elif not found_target(row, terms, rights):
        yield fault("target", f"There is no such {terms.scope.value}, or it is not yours to bind.")
    if terms.symbol is not None and terms.scope is Scope.SYMBOL:
        yield fault("symbol", "The target is the symbol already.")
    elif terms.symbol is not None:
        row.symbol = terms.symbol
        if not is_traded(terms.symbol):
            yield fault("symbol", "This symbol is not traded here.")
    if terms.rule is Rule.RESTRICTED and terms.scope is not Scope.SYMBOL and terms.symbol is None:
        yield fault("symbol", "Which symbol may not be traded?")


def found_target(row: RiskLimit, terms: Terms, rights: Rights) -> bool:
    """Sets it on `row`, within the caller's reach only: elsewhere nobody learns who is there."""
    name, reach = terms.target or "", reach_of(rights)
    if terms.scope is Scope.USER:
        users = User.objects.filter(username=name.lower())
        row.subject = users.filter(desk_id=reach).first() if reach else users.first()
        return row.subject is not None
    if terms.scope is Scope.DESK:
        desks = Desk.objects.filter(name=name.lower())
        row.desk = desks.filter(id=reach).first() if reach else desks.first()
        return row.desk is not None
    if terms.scope is Scope.SYMBOL:
        row.symbol = name
    return reach is None and (terms.scope is Scope.FIRM or is_traded(name))


def reach_of(rights: Rights) -> UUID | None:
    """None: everybody. Who heads no desk reaches nobody: an id that no row has."""
    if Function.LIMITS_READ_ALL in rights.functions:
        return None
    return desk_headed(rights) or UUID(int=0)


def is_traded(symbol: str) -> bool:
    """Exactly so written, whatever the database thinks of upper and lower case."""
    return symbol in Instrument.objects.filter(symbol=symbol, active=True).values_list("symbol", flat=True)


def date_faults(terms: Terms, now: datetime) -> Iterator[Fault]:
    starts, ends = terms.effective_from, terms.effective_until
    if ends is not None and ends <= now:
        yield fault("effectiveUntil", "This has passed.")
    elif ends is not None and starts is not None and ends <= starts:
        yield fault("effectiveUntil", "It must end after it begins.")
    if starts is not None and starts < now.replace(hour=0, minute=0, second=0, microsecond=0):
        yield fault("effectiveFrom", "This has passed: nothing holds for the past.")
