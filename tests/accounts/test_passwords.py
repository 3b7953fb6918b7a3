"""Which passwords are refused, and what ends when one is changed?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import AuditLog, Session, User
from accounts.passwords import is_breached
from accounts.services import TokenPair, session_begin
from notifications.models import Notification
from tests.accounts.conftest import HERE, PASSWORD
from tradingmw.env import env

pytestmark = pytest.mark.django_db
NEW = "four words nobody guesses"


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="localhost")


def change(client: Client, login: TokenPair, current: str, new: str) -> Any:
    body = {"currentPassword": current, "newPassword": new}
    headers = {"Authorization": f"Bearer {login.access_token}"}
    return client.post("/api/v1/auth/password", body, "application/json", headers=headers)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short-1234", "password_too_short"),
        ("qwerty123456", "password_too_common"),
        ("the-trader-and-his-dog", "password_holds_name"),
        ("TradingMW forever and ever", "password_holds_name"),
    ],
)
def test_a_weak_password_is_refused_by_name(trader: User, password: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_password(password, trader)
    assert code in {error.code for error in caught.value.error_list}


@pytest.mark.parametrize("password", ["only lower case letters", "x7" * 40, "пароль из многих слов"])
def test_nothing_is_asked_of_its_characters(trader: User, password: str) -> None:
    validate_password(password, trader)


@pytest.mark.parametrize("suffix", ["", ".txt"])
def test_a_breached_password_is_found_in_the_range_files(tmp_path: Path, suffix: str) -> None:
    digest = hashlib.sha1(b"correct horse battery staple").hexdigest().upper()
    lines = [f"{'0' * 35}:3", f"{digest[5:]}:217", f"{'F' * 35}:1"]
    (tmp_path / f"{digest[:5]}{suffix}").write_text("\n".join(lines))
    assert is_breached("correct horse battery staple", tmp_path)
    assert not is_breached("another password", tmp_path)


@pytest.fixture
def breached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    digest = hashlib.sha1(NEW.encode()).hexdigest().upper()
    (tmp_path / digest[:5]).write_text(f"{digest[5:]}:9\n")
    monkeypatch.setenv("TMW_BREACHED_PASSWORDS", str(tmp_path))
    env.cache_clear()
    yield
    monkeypatch.undo()
    env.cache_clear()


def test_a_breached_password_is_refused(breached: None, client: Client, login: TokenPair) -> None:
    answer = change(client, login, PASSWORD, NEW)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "password_breached")


def test_a_changed_password_ends_the_other_sessions(client: Client, login: TokenPair) -> None:
    other = session_begin(user=login.session.user, client=HERE)
    answer = change(client, login, PASSWORD, NEW)
    assert answer.status_code == 200
    assert Session.objects.get(id=other.session.id).end_reason == "password_changed"
    assert Session.objects.get(id=login.session.id).ended_at is None
    assert AuditLog.objects.get(action="auth.password_changed").details == {"sessionsEnded": 1}
    assert Notification.objects.get().metadata["notice"] == "password_changed"
    new = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    assert client.get("/api/v1/auth/me", headers=new).status_code == 200
    old = {"Authorization": f"Bearer {login.access_token}"}
    assert client.get("/api/v1/auth/me", headers=old).status_code == 401


def test_the_current_password_is_guessed_no_more_often_than_at_a_login(client: Client, login: TokenPair) -> None:
    statuses = [change(client, login, "wrong password", NEW).status_code for _ in range(12)]
    assert statuses[:6] == [401] * 6
    assert set(statuses[6:]) == {429}


def test_a_weak_new_password_is_told_by_field(client: Client, login: TokenPair) -> None:
    answer = change(client, login, PASSWORD, "short")
    assert answer.status_code == 422
    assert {error["attr"] for error in answer.json()["errors"]} == {"newPassword"}
    assert User.objects.get().check_password(PASSWORD)
