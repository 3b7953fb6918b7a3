"""May this user come from this address? Networks that staff names for a role or for one user (`AddressRule`).

A user's own rules take the place of those of his roles. Of several roles with rules each must let him in. Whom no rule
names comes from anywhere. What is no address comes from nowhere.
"""

from __future__ import annotations

import itertools
import logging
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.audit import audit
from accounts.client import Client
from accounts.models import AddressRule, User
from tradingmw.client_address import Network, lies_in, plain
from tradingmw.compiled import Compiled
from tradingmw.errors import Code, Forbidden

logger = logging.getLogger(__name__)


class Places(NamedTuple):
    """Of each group one network must hold the address."""

    groups: tuple[tuple[Network, ...], ...] = ()

    def hold(self, address: str | None) -> bool:
        return not self.groups or all(lies_in(plain(address or ""), group) for group in self.groups)

    def need(self, address: str | None) -> None:
        """Forbidden (ADDRESS_NOT_ALLOWED)."""
        if not self.hold(address):
            logger.warning("A session is used from an address that its user may not come from")
            raise Forbidden("You may not come from this address.", code=Code.ADDRESS_NOT_ALLOWED)


def rules(user_id: UUID) -> QuerySet[AddressRule]:
    """A user's own and those of all roles, which are few."""
    return AddressRule.objects.filter(Q(user_id=user_id) | ~Q(role=""))


_rules = Compiled(rules)


def places_of(user: User) -> Places:
    """As the rules are now."""
    statement, roles = _rules.statement, user.roles
    found = map(statement.made_of, statement.rows(user.id))
    return places_by(rule for rule in found if not rule.role or rule.role in roles)


def places_of_all(users: Iterable[User]) -> dict[UUID, Places]:
    """The same of many: all rules are read, which are few, and written by hand."""
    rules: defaultdict[str, list[AddressRule]] = defaultdict(list)
    for rule in AddressRule.objects.all():
        rules[str(rule.user_id or rule.role)].append(rule)
    return {
        user.id: places_by(itertools.chain(*(rules[name] for name in (str(user.id), *user.roles)))) for user in users
    }


def places_by(rules: Iterable[AddressRule]) -> Places:
    """Where a user may come from whose rules, and whose roles', these are."""
    groups: defaultdict[str, list[Network]] = defaultdict(list)
    for rule in rules:
        groups[rule.role].append(network_of(rule.network))
    own = [groups[""]] if "" in groups else list(groups.values())
    return Places(tuple(map(tuple, own)))


@lru_cache(maxsize=1_000)
def network_of(text: str) -> Network:
    return ip_network(text, strict=False)


def place_needed(*, user: User, client: Client, to: str) -> None:
    """Before a session begins or goes on (`to` says what is wanted); Forbidden, which is audited."""
    try:
        places_of(user).need(client.ip_address)
    except Forbidden:
        audit(
            action="auth.address_refused",
            resource="user",
            resource_id=user.id,
            user_id=user.id,
            ip_address=client.ip_address,
            details={"to": to},
        )
        raise
