"""Does every page of the admin open, for those who may, and does nobody change what must not change?"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts import demo
from accounts.audit import audit
from accounts.models import AuditLog, Session, User
from accounts.services import session_begin
from tests.accounts.conftest import HERE

pytestmark = pytest.mark.django_db
OURS = ["accounts", "notifications", "marketdata", "orders", "preferences"]
PAGES = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model in admin.site._registry
    if model._meta.app_label in OURS
]


def entered(username: str) -> Client:
    demo.demo_create()
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username=username))
    return client


@pytest.mark.parametrize("username", ["compliance1", "admin1"])
def test_every_list_opens(username: str) -> None:
    client = entered(username)
    assert {path: client.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)


def test_every_entity_of_the_seed_is_there() -> None:
    names = {model.__name__ for model in admin.site._registry}
    assert names >= {
        "User", "UserProfile", "Session", "Workspace", "Watchlist", "WatchlistItem", "Order", "OrderHistory",
        "Position", "Alert", "Notification", "AuditLog",
    }  # fmt: skip
    assert "SocketTicket" not in names


def test_a_trader_does_not_get_in() -> None:
    assert entered("trader1").get("/admin/").status_code == 302


def test_compliance_adds_nothing_but_proposals_of_limits_and_halts() -> None:
    client = entered("compliance1")
    open_to = [path for path in PAGES if client.get(f"{path}add/").status_code != 403]
    mine = ("risklimit", "tradingrestriction")
    assert sorted(open_to) == [reverse(f"admin:orders_{name}_changelist") for name in mine]


def test_not_even_admin_changes_the_audit_log_or_a_session() -> None:
    client = entered("admin1")
    user = User.objects.get(username="trader1")
    session = session_begin(user=user, client=HERE).session
    audit(action="test.done", resource="test")
    for row, name in ((AuditLog.objects.first(), "auditlog"), (session, "session")):
        assert row is not None
        path = f"/admin/accounts/{name}/{row.pk}"
        assert client.get(f"{path}/change/").status_code == 200
        assert client.post(f"{path}/change/", {"action": "x"}).status_code == 403
        assert client.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    assert Session.objects.get().refresh_hash not in client.get(f"/admin/accounts/session/{session.pk}/change/").text


def test_nobody_deletes_a_user() -> None:
    client = entered("admin1")
    user = User.objects.get(username="trader1")
    assert client.get(f"/admin/accounts/user/{user.pk}/change/").status_code == 200
    assert client.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403
