"""Is what staff change in the admin audited with what was before and after, and in force at once?"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import demo
from accounts.models import AddressRule, AuditLog, Role, Session, User
from accounts.services import session_begin
from tests.accounts.conftest import HERE
from tests.accounts.test_admin import entered

pytestmark = pytest.mark.django_db
RULES = "/admin/accounts/addressrule/"


@pytest.fixture
def admin() -> Client:
    demo.demo_create()
    return entered("admin1")


def rows(action: str) -> list[tuple[dict[str, str], dict[str, str], str | None]]:
    """Before, after and who."""
    found = AuditLog.objects.filter(action=action).order_by("timestamp").select_related("user")
    return [(row.before, row.after, row.user and row.user.username) for row in found]


def test_a_rule_is_made_changed_and_deleted_on_the_record(admin: Client) -> None:
    body = {"role": Role.TRADER.value, "user": "", "network": "10.0.0.1/8", "note": "the office"}
    assert admin.post(f"{RULES}add/", body).status_code == 302
    rule = AddressRule.objects.get()
    assert rule.network == "10.0.0.0/8"
    admin.post(f"{RULES}{rule.pk}/change/", {**body, "network": "10.1.0.0/16"})
    admin.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"})
    ((nothing, made, who),) = rows("addressrule.added")
    assert (nothing, made["network"], made["role"], who) == ({}, "10.0.0.0/8", "trader", "admin1")
    assert rows("addressrule.changed") == [({"network": "10.0.0.0/8"}, {"network": "10.1.0.0/16"}, "admin1")]
    ((before, after, _who),) = rows("addressrule.deleted")
    assert (before["network"], after) == ("10.1.0.0/16", {})


def test_a_form_that_changes_nothing_is_no_change(admin: Client) -> None:
    rule = AddressRule.objects.create(role=Role.TRADER, network="10.0.0.0/8")
    admin.post(f"{RULES}{rule.pk}/change/", {"role": "trader", "user": "", "network": "10.0.0.0/8", "note": ""})
    assert rows("addressrule.changed") == []


@pytest.mark.parametrize("network", ["nowhere", "10.0.0.0/33"])
def test_a_rule_without_a_network_is_not_kept(admin: Client, network: str) -> None:
    assert admin.post(f"{RULES}add/", {"role": "trader", "user": "", "network": network}).status_code == 200
    assert not AddressRule.objects.exists()


def test_a_rule_for_nobody_or_for_two_is_not_kept(admin: Client) -> None:
    user = User.objects.get(username="trader1")
    for role, who in (("", ""), ("trader", str(user.pk))):
        answer = admin.post(f"{RULES}add/", {"role": role, "user": who, "network": "10.0.0.0/8"})
        assert answer.status_code == 200  # the form again, with what is wrong
    assert not AddressRule.objects.exists()


def test_staff_end_all_sessions_of_a_user(admin: Client) -> None:
    user = User.objects.get(username="trader1")
    sessions = [session_begin(user=user, client=HERE).session for _ in range(2)]
    body = {"action": "end_sessions", "_selected_action": [str(user.pk)]}
    assert admin.post("/admin/accounts/user/", body).status_code == 302
    assert {each.end_reason for each in Session.objects.filter(user=user)} == {"ended_by_staff"}
    ended = AuditLog.objects.filter(action="auth.logout")
    assert {(row.user and row.user.username, row.resource_id) for row in ended} == {
        ("admin1", str(each.id)) for each in sessions
    }


def test_a_deactivated_user_has_no_session_left(admin: Client) -> None:
    user = User.objects.get(username="trader1")
    session_begin(user=user, client=HERE)
    form = admin.get(f"/admin/accounts/user/{user.pk}/change/").context["adminform"].form
    body = {name: value for name, value in form.initial.items() if isinstance(value, str)}
    body |= {"groups": [str(group.pk) for group in user.groups.all()], "desk": str(user.desk_id)}
    body |= {"account": str(user.account_id)}
    assert admin.post(f"/admin/accounts/user/{user.pk}/change/", body).status_code == 302
    assert not User.objects.get(id=user.pk).is_active
    assert Session.objects.get(user=user).end_reason == "deactivated"
