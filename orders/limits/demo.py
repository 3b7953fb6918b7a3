"""Which limits does the demo have? Generous ones, so that bursts and benches pass, and one that asks before it lets by.

Made once, by `up`, as two people would have done it; who changes them later keeps what he changed.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.demo import NotADemo
from accounts.models import User
from accounts.policy import UNRESTRICTED
from accounts.rights import rights_of
from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from orders.limits.checking import Terms, limit_checked
from orders.limits.services import Actor, approved, proposed
from orders.models import RiskLimit
from tradingmw.env import env
from tradingmw.etags import ANY

NOTE: Final = "Of the demo."
PROPOSED_BY, DECIDED_BY = "admin1", "compliance1"
TRADERS: Final = ("trader1", "trader2", "desk1")
FIRM: Final = (
    Terms(Rule.MAX_ORDER_QUANTITY, value="100000"),
    Terms(Rule.MAX_ORDER_NOTIONAL, value="10000000"),
    Terms(Rule.MAX_ORDER_NOTIONAL, value="1000000", breach=Breach.CONFIRM),
    Terms(Rule.PRICE_COLLAR, value="10"),
)
EACH: Final = (
    Terms(Rule.MAX_POSITION, value="10000000"),
    Terms(Rule.MAX_OPEN_ORDERS, value="200000"),
    Terms(Rule.ORDER_RATE, value="5000"),
)


@transaction.atomic
def demo_limits_create() -> int:
    """How many were made: none where there is any limit already. The demo's users must be there."""
    if not env().demo:
        raise NotADemo(NotADemo.__doc__)
    if RiskLimit.objects.exists():
        return 0
    of_each = [one._replace(scope=Scope.USER, target=trader) for trader in TRADERS for one in EACH]
    return sum(agreed(terms) for terms in (*FIRM, *of_each))


def agreed(terms: Terms) -> bool:
    """Proposed by one, approved by another, with the audit rows of both."""
    first, second = (acting(name) for name in (PROPOSED_BY, DECIDED_BY))
    row = limit_checked(terms, first.rights, timezone.now())
    approved(second, proposed(first, row, NOTE, timezone.now()), NOTE, ANY)
    return True


def acting(name: str) -> Actor:
    user = User.objects.get(username=name)
    return Actor(user, rights_of(user)._replace(attributes=UNRESTRICTED), is_proven=True)
