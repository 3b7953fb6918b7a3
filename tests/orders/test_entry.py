"""Is who asks over a socket worked out anew as soon as he, or his session, was read anew?"""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from accounts.models import Account, ApiKey, Entitlement, Session, User
from accounts.policy import Function, Role
from orders.entry import OrderEntry
from tradingmw.budgets import Tier
from tradingmw.errors import Forbidden

ANN = UUID(int=1)


def user(*, tier: Tier = Tier.STANDARD, account: str | None = "ann") -> User:
    """A look at Ann, as a reader brings it."""
    ann = User(id=ANN, account=Account(id=uuid4(), name=account) if account else None)
    ann.roles_read = (Role.TRADER,)
    Entitlement(user=ann, tier=tier)
    return ann


def session(ann: User, scope: Function = Function.ORDERS_PLACE) -> Session:
    """Of a key of hers, which is for this only."""
    of_key = Session(id=uuid4(), user=ann)
    ApiKey(session=of_key, scopes=scope.value)
    return of_key


@pytest.fixture
async def entry() -> OrderEntry:
    return OrderEntry(ANN, "192.0.2.7", lambda: Session())


def test_the_same_look_and_session_are_the_same_asker(entry: OrderEntry) -> None:
    ann = user()
    key = session(ann)
    asker = entry.asker_of(ann, key)
    assert entry.asker_of(ann, key) is asker
    assert (asker.caller.account_name, asker.caller.session, asker.caller.ip_address) == ("ann", key.id, "192.0.2.7")


def test_another_look_at_the_user_counts_at_once(entry: OrderEntry) -> None:
    ann = user()
    key = session(ann)
    assert entry.asker_of(ann, key).caller.tier is Tier.STANDARD
    assert entry.asker_of(user(tier=Tier.LOW), key).caller.tier is Tier.LOW
    with pytest.raises(Forbidden):
        entry.asker_of(user(account=None), key)


def test_another_session_counts_at_once(entry: OrderEntry) -> None:
    ann = user()
    assert Function.ORDERS_PLACE in entry.asker_of(ann, session(ann)).rights.functions
    assert Function.ORDERS_PLACE not in entry.asker_of(ann, session(ann, Function.ORDERS_CANCEL)).rights.functions
