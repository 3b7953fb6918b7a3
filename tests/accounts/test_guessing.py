"""Are guesses of passwords counted exactly, answered alike and told of?"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts import guessing
from accounts.client import Client
from accounts.guessing import ADDRESS_GUESSES, ATTEMPTS, PAUSE, guess_count, guess_forget, guess_right
from accounts.logins import user_login
from accounts.models import AuditLog, Session, User
from accounts.services import TokenPair
from notifications.models import Notification
from tests.accounts.conftest import HERE, PASSWORD
from tests.patience import PATIENCE
from tests.scoreboard import Measured
from tradingmw.errors import NotAuthenticated, TooManyRequests, Unavailable

pytestmark = pytest.mark.django_db
ELSEWHERE = Client("198.51.100.9", "a thief's program")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def guesses(username: str, moments: Any, client: Client = ELSEWHERE) -> list[bool]:
    """Which of these moments an attempt was let through at."""
    return [not isinstance(tried(username, moment, client), TooManyRequests) for moment in moments]


def tried(username: str, now: datetime, client: Client = ELSEWHERE) -> Any:
    try:
        return guess_count(username, client, now)
    except TooManyRequests as error:
        return error


def seconds(start: datetime, number: int, apart: float = 1.0) -> list[datetime]:
    return [start + timedelta(seconds=apart * each) for each in range(number)]


def test_no_fifteen_minutes_ever_see_more_than_ten_guesses(now: datetime) -> None:
    moments = seconds(now, 600, apart=6)
    taken = [moment for moment, let in zip(moments, guesses("trader", moments), strict=True) if let]
    assert max(sum(start <= one < start + PAUSE for one in taken) for start in taken) == ATTEMPTS
    assert len(taken) > ATTEMPTS  # never locked for good


def test_guesses_that_come_slowly_are_no_more(now: datetime) -> None:
    moments = seconds(now, 400, apart=60)
    taken = [moment for moment, let in zip(moments, guesses("trader", moments), strict=True) if let]
    assert max(sum(start <= one < start + PAUSE for one in taken) for start in taken) <= ATTEMPTS


def test_the_pauses_grow_and_are_told(now: datetime) -> None:
    assert guesses("trader", [now] * 6) == [True] * 6
    refused = tried("trader", now)
    assert (refused.status, refused.retry_after_seconds) == (429, 1)
    assert refused.headers == {"RateLimit-Limit": "10", "RateLimit-Remaining": "4", "RateLimit-Reset": "900"}
    waits, moment = [], now
    for _ in range(4):
        waits.append(tried("trader", moment).retry_after_seconds)
        moment += timedelta(seconds=waits[-1])
        assert guesses("trader", [moment]) == [True]
    assert waits == [1, 2, 4, 8]
    assert tried("trader", moment).retry_after_seconds == PAUSE.total_seconds()


def test_names_that_nobody_has_are_counted_alike(now: datetime, trader: User) -> None:
    known, unknown = ([tried(name, now + timedelta(seconds=n)) for n in range(30)] for name in ("trader", "nobody"))
    for one, other in zip(known, unknown, strict=True):
        assert type(one) is type(other)
        assert one.headers == other.headers


def test_upper_case_is_no_other_name(now: datetime) -> None:
    guesses("trader", [now] * 6)
    assert guesses("TRADER", [now]) == [False]


def test_the_right_password_resets_the_count(now: datetime) -> None:
    for _ in range(20):
        guess_right(tried("trader", now))
    assert guesses("trader", [now] * 6) == [True] * 6


def test_an_attempt_that_nobody_looked_at_does_not_count(now: datetime) -> None:
    for _ in range(20):
        guess_forget(tried("trader", now))
    assert guesses("trader", [now] * 6) == [True] * 6


def test_too_many_at_once_cost_nobody_an_attempt(trader: User) -> None:
    for _ in range(20):
        with pytest.raises(Unavailable), guessing.guess(username="trader", client=ELSEWHERE):
            raise Unavailable
    user_login(username="trader", password=PASSWORD, client=ELSEWHERE)


def test_an_address_has_a_hundred_guesses_and_then_one_each_nine_seconds(now: datetime) -> None:
    assert guesses_by_many(now, 0, ADDRESS_GUESSES + 5) == [True] * ADDRESS_GUESSES + [False] * 5
    later = now + timedelta(seconds=9)
    assert guesses_by_many(later, 200, 3) == [True, False, False]
    refused = tried("user-999", later)
    assert (refused.retry_after_seconds, refused.headers["RateLimit-Limit"]) == (9, "100")
    assert guesses("user-999", [later], Client("203.0.113.5", "tests")) == [True]


def guesses_by_many(now: datetime, first: int, number: int) -> list[bool]:
    """One guess on each of so many users, from one address."""
    return [guesses(f"user-{first + each}", [now])[0] for each in range(number)]


def test_neighbours_in_an_ipv6_network_share_its_guesses(now: datetime) -> None:
    for each in range(ADDRESS_GUESSES):
        tried(f"user-{each}", now, Client(f"2001:db8::{each:x}", "tests"))
    assert guesses("user-x", [now], Client("2001:db8::ffff:1", "tests")) == [False]
    assert guesses("user-x", [now], Client("2001:db8:0:1::1", "tests")) == [True]


def test_right_passwords_cost_an_address_nothing(now: datetime) -> None:
    for each in range(2 * ADDRESS_GUESSES):
        guess_right(tried(f"user-{each}", now))
    assert guesses_by_many(now, 0, ADDRESS_GUESSES) == [True] * ADDRESS_GUESSES


def test_a_stranger_cannot_lock_a_trader_out_of_his_own_device(now: datetime, login: TokenPair) -> None:
    guesses("trader", seconds(now, 60))
    assert guesses("trader", [now + timedelta(seconds=60)]) == [False]
    user_login(username="trader", password=PASSWORD, client=HERE)


def test_a_known_device_has_no_more_guesses_than_others(now: datetime, login: TokenPair) -> None:
    assert sum(guesses("trader", seconds(now, 600), HERE)) == ATTEMPTS


def test_the_trader_on_his_device_does_not_give_the_stranger_new_guesses(now: datetime, login: TokenPair) -> None:
    guesses("trader", seconds(now, 60))
    guess_right(tried("trader", now, HERE))
    assert guesses("trader", [now + timedelta(seconds=60)]) == [False]


@pytest.mark.parametrize("other", [HERE._replace(ip_address="192.0.2.8"), HERE._replace(user_agent="other")])
def test_another_address_or_program_is_another_device(now: datetime, login: TokenPair, other: Client) -> None:
    guesses("trader", seconds(now, 60))
    assert guesses("trader", [now + timedelta(seconds=60)], other) == [False]


def test_a_device_is_forgotten_after_thirty_days(now: datetime, login: TokenPair) -> None:
    Session.objects.update(last_active=now - timedelta(days=31))
    guesses("trader", seconds(now, 60))
    assert guesses("trader", [now + timedelta(seconds=60)], HERE) == [False]


def wrong(username: str, attempts: int = ATTEMPTS) -> list[NotAuthenticated]:
    """So many wrong passwords, whose pauses are passed."""
    errors = []
    for _ in range(attempts):
        guessing.AccountGuesses.objects.update(last_at=timezone.now() - timedelta(minutes=1))
        with pytest.raises(NotAuthenticated) as caught:
            user_login(username=username, password="wrong password", client=ELSEWHERE)
        errors.append(caught.value)
    return errors


def test_a_wrong_password_says_how_many_are_left(trader: User) -> None:
    assert [error.headers["RateLimit-Remaining"] for error in wrong("trader")] == [str(n) for n in range(9, -1, -1)]


def test_the_lock_is_audited_and_told_to_the_user(trader: User) -> None:
    wrong("trader")
    failed, locked = (AuditLog.objects.filter(action=f"auth.login_{what}") for what in ("failed", "locked"))
    assert (failed.count(), locked.get().resource_id) == (ATTEMPTS, str(trader.id))
    assert [(row.before["attempts"], row.after["attempts"]) for row in failed.order_by("timestamp")][-1] == (9, 10)
    told = Notification.objects.get()
    assert (told.user, told.type, told.metadata["notice"]) == (trader, "security", "login_locked")
    assert told.metadata["address"] == ELSEWHERE.ip_address


def test_the_lock_of_a_name_that_nobody_has_is_audited_too(trader: User) -> None:
    wrong("nobody")
    assert AuditLog.objects.get(action="auth.login_locked").resource_id == ""
    assert not Notification.objects.exists()


def test_a_password_in_the_field_of_the_name_is_not_kept(trader: User) -> None:
    wrong("My-Secret-Passw0rd", 1)
    assert "passw0rd" not in str(AuditLog.objects.get().details).lower()


def test_a_login_from_a_new_device_is_told(login: TokenPair) -> None:
    assert not Notification.objects.exists()
    user_login(username="trader", password=PASSWORD, client=HERE)
    assert not Notification.objects.exists()
    user_login(username="trader", password=PASSWORD, client=ELSEWHERE)
    told = Notification.objects.get()
    assert (told.metadata["notice"], told.metadata["userAgent"]) == ("new_device", ELSEWHERE.user_agent)


def test_one_guess_on_each_of_a_thousand_users_ends_at_the_hundredth(measured: Measured, trader: User) -> None:
    """Over REST, from one address; what the client forwards is another one each time."""
    client = Browser(SERVER_NAME="localhost")
    statuses: Counter[int] = Counter()
    for each in range(1_000):
        body = {"username": f"user-{each}", "password": "Summer-2026-Summer"}
        headers = {"X-Forwarded-For": f"203.0.113.{each % 250}", "X-Real-IP": f"198.51.100.{each % 250}"}
        statuses[client.post("/api/v1/auth/login", body, "application/json", headers=headers).status_code] += 1
    measured(33, "of one guess on each of 1,000 users, from one address: looked at", statuses[401], "110")
    assert ADDRESS_GUESSES <= statuses[401] <= ADDRESS_GUESSES + 10  # one more each nine seconds
    assert statuses[429] == 1_000 - statuses[401]


@pytest.mark.alone
def test_a_name_that_nobody_has_is_answered_as_slowly(trader: User, settings: Any, measured: Measured) -> None:
    settings.PASSWORD_HASHERS = ["accounts.hashing.BoundedArgon2"]
    trader.set_password(PASSWORD)
    trader.save()
    taken: dict[str, list[float]] = {"trader": [], "nobody": []}
    for _ in range(15):
        for name, times in taken.items():
            guessing.AccountGuesses.objects.all().delete()
            began = time.perf_counter()
            with pytest.raises(NotAuthenticated):
                user_login(username=name, password="wrong password", client=ELSEWHERE)
            times.append(time.perf_counter() - began)
    known, unknown = (statistics.median(times) for times in taken.values())
    difference = abs(known - unknown) / known * 100
    measured(33, "difference of the median answer times to known and unknown users", f"{difference:.1f} %", "5 %")
    assert difference <= 5 * PATIENCE
