"""Does a bridge know at its start what every account holds?"""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Account, User
from orders.ledger.loading import load_held
from orders.models import Position
from tradingmw.scaled import E8

pytestmark = pytest.mark.django_db


def trader(name: str) -> User:
    account = Account.objects.create(name=name)
    return User.objects.create(username=name, email=f"{name}@desk.example", account=account)


def test_whatever_is_held_long_or_short_and_nothing_else() -> None:
    ann, bob = trader("ann"), trader("bob")
    for user, symbol, quantity in ((ann, "AAPL", "10"), (ann, "MSFT", "0"), (bob, "AAPL", "-2.5")):
        held = {"symbol": symbol, "quantity": quantity, "updated_at": timezone.now()}
        Position.objects.create(user=user, account=user.account, **held)
    assert load_held() == {(ann.account_id, "AAPL"): 10 * E8, (bob.account_id, "AAPL"): -5 * E8 // 2}
