"""Do staff get a user in again who has lost phone, key and codes, and is that no way past anybody's second factor?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import demo
from accounts.admin_proof import PROVEN_AT
from accounts.factors.enrolled import methods_of
from accounts.factors.freshness import FRESH_FOR
from accounts.factors.guesses import guess_count
from accounts.factors.lost import KEPT
from accounts.factors.totp import totp_begin, totp_confirm
from accounts.models import AuditLog, Method, Passkey, Session, User
from accounts.services import session_begin
from notifications.models import Notification
from tests.accounts.conftest import HERE
from tests.accounts.factors.conftest import STEP, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    """An administrator of the demo, with an app."""
    demo.demo_create()
    user = User.objects.get(username="admin1")
    before = timezone.now() - 2 * STEP
    made = totp_begin(user, "app", before)
    totp_confirm(user, made.factor.id, shown(made.secret, before), before)
    return user


def browser_of(user: User, proven_ago: timedelta = timedelta(0)) -> Client:
    """Logged in to the admin, where a second factor was proven so long ago."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(user)
    session = browser.session
    session[PROVEN_AT] = (timezone.now() - proven_ago).timestamp()
    session.save()
    return browser


def take_away(browser: Client, *users: User) -> Any:
    chosen = {"action": "take_factors_away", "_selected_action": [str(user.id) for user in users]}
    return browser.post("/admin/accounts/user/", chosen, follow=True)


def kept_of(user: User) -> int:
    return sum(kind._default_manager.filter(user=user).count() for kind in KEPT)


@pytest.fixture
def guarded(trader: User, passkey: Passkey, recovery: list[str]) -> User:
    """Who has everything, and has mistyped a code."""
    guess_count(trader.id, Method.TOTP, timezone.now())
    return trader


def test_everything_is_gone_every_session_ended_and_it_is_written_down_and_told(staff: User, guarded: User) -> None:
    sessions = [session_begin(user=guarded, client=HERE).session for _ in range(2)]
    assert "taken away" in take_away(browser_of(staff), guarded).text
    assert (methods_of(guarded), kept_of(guarded)) == ([], 0)
    ended = Session.objects.filter(id__in=[session.id for session in sessions])
    assert set(ended.values_list("end_reason", flat=True)) == {"factors_taken_away"}
    row = AuditLog.objects.get(action="user.factors_taken_away")
    assert (row.user_id, row.resource_id, row.ip_address) == (staff.id, str(guarded.id), "127.0.0.1")
    assert row.before == {"methods": ["totp", "webauthn", "recovery"], "apps": ["telephone"], "passkeys": ["key"]}
    assert row.after == {"methods": [], "apps": [], "passkeys": []}
    told = Notification.objects.filter(user=guarded).order_by("-created_at").first()
    assert told is not None and told.metadata["notice"] == "factors_taken_away"


def test_nobody_takes_away_his_own(staff: User) -> None:
    assert "Nobody takes away his own" in take_away(browser_of(staff), staff).text
    assert methods_of(staff) == [Method.TOTP]


def test_they_are_taken_away_one_by_one(staff: User, guarded: User) -> None:
    assert "one by one" in take_away(browser_of(staff), guarded, User.objects.get(username="trader1")).text
    assert len(methods_of(guarded)) == 3


def test_staff_prove_their_own_second_factor_first(staff: User, guarded: User) -> None:
    answer = take_away(browser_of(staff, FRESH_FOR + timedelta(seconds=1)), guarded)
    assert answer.redirect_chain and "/admin/login/" in answer.redirect_chain[0][0]
    assert len(methods_of(guarded)) == 3


@pytest.mark.parametrize("username", ["compliance1", "trader1"])
def test_who_may_only_look_takes_nothing_away(staff: User, guarded: User, username: str) -> None:
    take_away(browser_of(User.objects.get(username=username)), guarded)
    assert len(methods_of(guarded)) == 3
    assert not AuditLog.objects.filter(action="user.factors_taken_away").exists()
