"""Are the demo users those of the contract, made once, and what may their roles do?"""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from accounts import demo
from accounts.models import Account, Role, User

pytestmark = pytest.mark.django_db


CONTRACT = ["trader1", "trader2", "desk1", "compliance1", "admin1"]


def test_the_demo_users_are_those_of_the_contract_and_one_to_release_with() -> None:
    assert demo.demo_create() == [*CONTRACT, "operations1"]
    desks = dict(User.objects.values_list("username", "desk__name"))
    assert [name for name, desk in desks.items() if desk == "alpha"] == ["trader1", "trader2", "desk1"]
    assert [name for name, desk in desks.items() if desk is None] == ["compliance1", "admin1", "operations1"]
    assert User.objects.get(username="desk1").roles == [Role.DESK_HEAD, Role.TRADER]
    assert set(User.objects.filter(is_staff=True).values_list("username", flat=True)) == {"compliance1", "admin1"}
    assert authenticate(username="trader1", password="demo-Passw0rd!") is not None


def test_each_demo_user_has_an_account_of_his_own() -> None:
    demo.demo_create()
    assert User.objects.filter(account=None).count() == 0
    assert Account.objects.count() == User.objects.count()


def test_making_them_again_changes_nothing() -> None:
    demo.demo_create()
    User.objects.filter(username="trader1").update(is_active=False)
    demo.demo_create()
    assert User.objects.count() == 6
    assert not User.objects.get(username="trader1").is_active


def test_compliance_sees_everything_and_changes_nothing() -> None:
    demo.demo_create()
    granted = User.objects.get(username="compliance1").get_all_permissions()
    assert {"accounts.view_auditlog", "orders.view_order", "preferences.view_workspace"} <= granted
    assert all(permission.partition(".")[2].startswith("view_") for permission in granted)


def test_admin_may_do_everything_and_a_trader_has_no_admin() -> None:
    demo.demo_create()
    assert User.objects.get(username="admin1").has_perms(["accounts.change_user", "notifications.delete_alert"])
    assert not User.objects.get(username="trader1").get_all_permissions()
