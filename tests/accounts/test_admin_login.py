"""Does the admin let nobody in by other rules than every login?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.admin_proof import PROVEN_AT
from accounts.factors.freshness import FRESH_FOR
from accounts.factors.totp import totp_begin, totp_confirm
from accounts.models import AuditLog, Session, User
from tests.accounts.conftest import PASSWORD
from tests.accounts.factors.authenticator import Authenticator
from tests.accounts.factors.conftest import STEP, added, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(trader: User) -> User:
    User.objects.filter(id=trader.id).update(is_staff=True, is_superuser=True)
    return trader


@pytest.fixture
def browser() -> Client:
    return Client(SERVER_NAME="localhost")


def send(browser: Client, **fields: str) -> Any:
    return browser.post("/admin/login/?next=/admin/", fields)


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200


def secret_of(user: User) -> str:
    before = timezone.now() - 2 * STEP
    made = totp_begin(user, "app", before)
    totp_confirm(user, made.factor.id, shown(made.secret, before), before)
    return made.secret


def test_who_has_no_factor_enters_with_his_password(browser: Client, staff: User) -> None:
    assert browser.get("/admin/login/").status_code == 200
    assert send(browser, username="trader", password=PASSWORD).status_code == 302
    assert is_in(browser)
    assert AuditLog.objects.get(action="auth.admin_login").user_id == staff.id


def test_who_has_an_app_needs_its_code(browser: Client, staff: User) -> None:
    secret = secret_of(staff)
    for otp in ("", "000000"):
        assert "second factor" in send(browser, username="trader", password=PASSWORD, otp=otp).text
        assert not is_in(browser)
    send(browser, username="trader", password=PASSWORD, otp=shown(secret, timezone.now()))
    assert is_in(browser)


def test_a_passkey_lets_in_without_the_password_again(browser: Client, staff: User, session: Session) -> None:
    key = Authenticator()
    added(session, key)
    page = send(browser, username="trader", password=PASSWORD)
    asked = page.context["form"].asked
    assert '<script id="asked" type="application/json">' in page.text
    answer = json.dumps(key.get(asked["webauthn"]))
    assert send(browser, attempt="invented", credential=answer).status_code == 200
    assert not is_in(browser)
    assert send(browser, attempt=asked["attempt"], credential=answer).status_code == 302
    assert is_in(browser)


@pytest.mark.parametrize("credential", ["", "x", "[]", "{}", "7"])
def test_an_attempt_without_an_answer_opens_nothing(
    browser: Client, staff: User, session: Session, credential: str
) -> None:
    added(session, Authenticator())
    asked = send(browser, username="trader", password=PASSWORD).context["form"].asked
    assert send(browser, attempt=asked["attempt"], credential=credential).status_code == 200
    assert not is_in(browser)


def test_guesses_are_counted_as_everywhere(browser: Client, staff: User) -> None:
    pages = [send(browser, username="trader", password="wrong").text for _ in range(7)]
    assert "Too many attempts" in pages[-1]
    assert AuditLog.objects.filter(action="auth.login_failed").count() < 7


def test_who_is_no_staff_stays_out(browser: Client, trader: User) -> None:
    assert send(browser, username="trader", password=PASSWORD).status_code == 200
    assert not is_in(browser)
    assert not AuditLog.objects.filter(action="auth.admin_login").exists()


def test_rights_are_changed_by_who_has_just_proven_who_he_is(browser: Client, staff: User) -> None:
    secret = secret_of(staff)
    send(browser, username="trader", password=PASSWORD, otp=shown(secret, timezone.now()))
    form = f"/admin/accounts/user/{staff.id}/change/"
    assert browser.get(form).status_code == 200
    prove_earlier(browser, FRESH_FOR + timedelta(seconds=1))
    assert browser.get("/admin/accounts/user/").status_code == 200
    assert browser.get("/admin/accounts/desk/add/").status_code == 200
    answer = browser.get(form)
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?again=1&next={form}")
    assert not is_in(browser)


@pytest.mark.parametrize("page", ["user", "entitlement", "addressrule"])
def test_a_form_that_was_open_for_long_changes_nothing(browser: Client, staff: User, page: str) -> None:
    send(browser, username="trader", password=PASSWORD, otp=shown(secret_of(staff), timezone.now()))
    prove_earlier(browser, FRESH_FOR + timedelta(seconds=1))
    answer = browser.post(f"/admin/accounts/{page}/add/", {})
    assert answer["Location"].startswith("/admin/login/?again=1")


def test_a_factor_that_was_set_up_after_the_login_is_asked_for(browser: Client, staff: User) -> None:
    send(browser, username="trader", password=PASSWORD)
    form = f"/admin/accounts/user/{staff.id}/change/"
    assert browser.get(form).status_code == 200
    secret_of(staff)
    assert browser.get(form).status_code == 302


def prove_earlier(browser: Client, ago: timedelta) -> None:
    session = browser.session
    session[PROVEN_AT] -= ago.total_seconds()
    session.save()
