"""Does guessing come to an end after ten codes, without an end for the one who is right?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from accounts.factors.guesses import CLOSED_AT, LONGEST, guess_count, guess_forgive, pause_after
from accounts.factors.otp import WrongCode, otp_take
from accounts.factors.totp import Enrolment
from accounts.models import FactorGuesses, Method, User
from tests.accounts.factors.conftest import NOON, shown, taken_at_once
from tests.scoreboard import Measured
from tradingmw.errors import Code, TooManyRequests

pytestmark = pytest.mark.django_db


def wrong(user: User, at: datetime, code: str = "abc") -> bool:
    """Whether a wrong code was looked at."""
    try:
        otp_take(user, code, at)
    except WrongCode:
        return True
    except TooManyRequests as error:
        assert error.code is Code.MFA_LOCKED
        return False
    raise AssertionError("a wrong code was taken")


def moments(seconds: int, every: float = 1.0) -> Iterator[datetime]:
    return (NOON + timedelta(seconds=number * every) for number in range(int(seconds / every)))


def test_of_a_thousand_guesses_within_a_quarter_of_an_hour_ten_are_looked_at(
    trader: User, app: Enrolment, measured: Measured
) -> None:
    looked_at = sum(wrong(trader, at, "000000") for at in moments(900, every=0.9))
    measured(32, "of 1,000 wrong codes within 15 min: looked at", looked_at, "≤ 10")
    assert looked_at <= 10


def test_the_pause_grows_and_is_never_longer_than_fifteen_minutes() -> None:
    pauses = [pause_after(number) for number in range(1_000)]
    assert pauses == sorted(pauses)
    assert pauses[4] == timedelta(0) < pauses[5]
    assert pauses[CLOSED_AT] == max(pauses) == LONGEST == timedelta(minutes=15)


def test_the_right_code_is_taken_once_the_pause_is_over_and_forgives_all(trader: User, app: Enrolment) -> None:
    FactorGuesses.objects.create(user=trader, method="totp", wrong=CLOSED_AT - 1, closed_until=NOON)
    assert wrong(trader, NOON, "000000")
    with pytest.raises(TooManyRequests) as caught:
        otp_take(trader, shown(app.secret, NOON), NOON)
    assert caught.value.retry_after_seconds == 900
    after = NOON + LONGEST
    assert otp_take(trader, shown(app.secret, after), after) is Method.TOTP
    assert FactorGuesses.objects.get().wrong == 0
    assert wrong(trader, after, "000000")


def test_codes_of_one_kind_do_not_close_the_door_to_the_other(
    trader: User, app: Enrolment, recovery: list[str]
) -> None:
    while wrong(trader, NOON, "000000"):
        pass
    assert otp_take(trader, recovery[0], NOON) is Method.RECOVERY
    assert not wrong(trader, NOON, "000000")


def test_guesses_at_one_user_do_not_touch_another(trader: User, make_user: Callable[[str], User]) -> None:
    while wrong(trader, NOON):
        pass
    assert wrong(make_user("other"), NOON)


@pytest.mark.django_db(transaction=True)
def test_guesses_of_many_threads_are_counted_to_the_last(trader: User) -> None:
    looked_at = taken_at_once(lambda: wrong(trader, NOON), threads=8, times=40)
    assert looked_at == FactorGuesses.objects.get().wrong == 5  # with no time between, the fifth closes the door


def test_a_right_guess_is_forgiven_only_to_its_user_and_kind(trader: User) -> None:
    for method in (Method.TOTP, Method.RECOVERY):
        guess_count(trader.id, method, NOON)
    guess_forgive(trader.id, Method.TOTP, NOON)
    assert dict(FactorGuesses.objects.values_list("method", "wrong")) == {"totp": 0, "recovery": 1}
