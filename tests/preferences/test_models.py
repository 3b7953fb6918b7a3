"""Do the tables keep what they promise, on a real database?"""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from notifications.models import Alert, Condition, Notification
from preferences.models import UserProfile, Watchlist, WatchlistItem, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create(username="trader", email="trader@example.com")


def refused(model: type[Workspace] | type[Watchlist] | type[WatchlistItem], **values: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(**values)


def test_a_layout_comes_back_as_it_was(user: User) -> None:
    layout = {"panes": [{"symbol": "AAPL", "width": 0.5}], "theme": "dunkel ✓"}
    Workspace.objects.create(user=user, name="Main", layout=layout)
    assert Workspace.objects.get().layout == layout


@pytest.mark.parametrize("model", [Workspace, Watchlist])
def test_a_user_has_one_default(user: User, model: type[Workspace] | type[Watchlist]) -> None:
    model.objects.create(user=user, name="A", is_default=True)
    refused(model, user=user, name="B", is_default=True)


def test_an_instrument_is_on_a_watchlist_once(user: User) -> None:
    watchlist = Watchlist.objects.create(user=user, name="Tech")
    WatchlistItem.objects.create(watchlist=watchlist, symbol="AAPL", exchange="XNAS")
    refused(WatchlistItem, watchlist=watchlist, symbol="AAPL", exchange="XNAS")
    WatchlistItem.objects.create(watchlist=watchlist, symbol="AAPL", exchange="XNYS")


def test_items_come_in_the_order_of_the_user(user: User) -> None:
    watchlist = Watchlist.objects.create(user=user, name="Tech")
    for order, symbol in ((2, "IBM"), (1, "MSFT")):
        WatchlistItem.objects.create(watchlist=watchlist, symbol=symbol, display_order=order)
    assert [item.symbol for item in watchlist.items.all()] == ["MSFT", "IBM"]


def test_a_target_price_keeps_every_digit(user: User) -> None:
    price = Decimal("12345678901.12345678")
    Alert.objects.create(user=user, symbol="BTC", condition=Condition.ABOVE, target_price=price)
    assert Alert.objects.get().target_price == price


def test_what_a_user_set_goes_with_him(user: User) -> None:
    UserProfile.objects.create(user=user, full_name="A. Trader")
    Notification.objects.create(user=user, type="alert", title="AAPL above 100")
    user.delete()
    assert not UserProfile.objects.exists() and not Notification.objects.exists()
