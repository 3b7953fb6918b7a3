"""What do attributes of a user refuse over REST, when do they count, and what does the staff's change leave behind?"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditLog, Entitlement, Session, User
from accounts.policy import Role
from accounts.rights import rights_of
from accounts.selectors import users_now
from accounts.sockets.closing import CloseCode
from accounts.sockets.standing import Standing, fallen
from marketdata.models import Instrument
from orders.services import caller_of
from tests.roles import in_roles

pytestmark = pytest.mark.django_db
ORDER = {"clientOrderId": "c1", "symbol": "NYS1", "side": "buy", "orderType": "limit", "quantity": "10", "price": "5"}


@pytest.fixture(autouse=True)
def instrument() -> Instrument:
    return Instrument.objects.create(
        symbol="NYS1", exchange="XNYS", tick=1, lot=1, engine_instrument_id=1, engine_epoch=1
    )


def refused(user: User, **changes: Any) -> list[str]:
    """The fields for which an order is refused."""
    client = APIClient()
    client.force_authenticate(user)
    answer = client.post("/api/v1/orders", {**ORDER, **changes}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), answer.content
    return [error["attr"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("attributes", "changes", "fields"),
    [
        ({"exchanges": "XNAS"}, {}, ["exchange"]),
        ({"asset_classes": "future"}, {}, ["symbol"]),
        ({"order_types": "stop"}, {}, ["orderType"]),
        ({"quantity_max": 9}, {}, ["quantity"]),
        ({"value_max": 49}, {}, ["price"]),
        ({"value_max": 1_000_000}, {"side": "sell", "price": "0.01"}, ["price"]),
        ({"opens": "00:00", "closes": "00:00"}, {}, []),
    ],
)
def test_an_order_beyond_an_attribute_is_refused_and_the_field_named(
    trader: User, attributes: dict[str, Any], changes: dict[str, Any], fields: list[str]
) -> None:
    Entitlement.objects.create(user=trader, **attributes)
    assert refused(User.objects.get(id=trader.id), **changes) == fields


@pytest.mark.parametrize("path", ["/quotes?symbols=NYS1", "/books/NYS1", "/trades/NYS1"])
def test_market_data_beyond_the_entitlement_is_refused(trader: User, path: str) -> None:
    Entitlement.objects.create(user=trader, data_exchanges="XNAS")
    client = APIClient()
    client.force_authenticate(trader)
    answer = client.get(f"/api/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def changed(user: User, deed: Any) -> bool:
    """Does the watch of the sockets see `deed`?"""
    session = Session(user=user)
    known = {user.id: Standing(session, rights_of(users_now([user.id])[user.id]), None)}
    deed()
    return fallen(known) == {user.id: CloseCode.RIGHTS_CHANGED}


def test_the_watch_of_the_sockets_sees_every_change_of_rights(trader: User) -> None:
    assert changed(trader, lambda: in_roles(trader, Role.READ_ONLY))
    assert changed(trader, lambda: Entitlement.objects.create(user=trader, exchanges="XNAS"))
    assert changed(trader, lambda: Entitlement.objects.filter(user=trader).update(exchanges="XNYS"))
    assert changed(trader, lambda: User.objects.filter(id=trader.id).update(account=None))
    assert not changed(trader, lambda: User.objects.filter(id=trader.id).update(first_name="Ann"))


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", "root@example.com", "correct horse battery"))
    return client


def test_the_staffs_change_of_an_entitlement_is_audited_with_before_and_after(staff: Client, trader: User) -> None:
    form = {"user": str(trader.id), "exchanges": "XNAS", "time_zone": "UTC", "tier": "standard"}
    assert staff.post("/admin/accounts/entitlement/add/", form).status_code == 302
    assert staff.post(f"/admin/accounts/entitlement/{trader.id}/change/", {**form, "exchanges": ""}).status_code == 302
    rows = AuditLog.objects.filter(action="user.entitlement_changed", resource_id=str(trader.id)).order_by("timestamp")
    assert [(row.before.get("exchanges"), row.after["exchanges"]) for row in rows] == [(None, "XNAS"), ("XNAS", "")]
    assert {row.user.username for row in rows if row.user} == {"root"}


def test_a_form_that_is_not_taken_leaves_no_row(staff: Client, trader: User) -> None:
    form = {"user": str(trader.id), "order_types": "maybe", "time_zone": "Nowhere"}
    assert staff.post("/admin/accounts/entitlement/add/", form).status_code == 200
    assert not AuditLog.objects.filter(action="user.entitlement_changed").exists()


def test_the_staffs_change_of_roles_is_audited_with_before_and_after(staff: Client, trader: User) -> None:
    group = Group.objects.get(name="compliance")
    form = {"username": "trader", "email": "trader@example.com", "is_active": "on", "groups": [group.pk]}
    assert staff.post(f"/admin/accounts/user/{trader.id}/change/", form).status_code == 302
    row = AuditLog.objects.get(action="user.rights_changed", resource_id=str(trader.id))
    assert (row.before["roles"], row.after["roles"]) == (["trader"], ["compliance"])


def test_a_marked_users_orders_say_that_they_need_an_approval(trader: User) -> None:
    assert not caller_of(trader, rights_of(trader), None, None).needs_approval
    Entitlement.objects.create(user=trader, needs_approval=True)
    marked = User.objects.get(id=trader.id)
    assert caller_of(marked, rights_of(marked), None, None).needs_approval
