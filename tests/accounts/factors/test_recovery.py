"""Does a recovery code open once, and does a copy of the database hold none?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.factors.recovery import CODES, code_make, recovery_left, recovery_make, recovery_take
from accounts.factors.refused import Refused
from accounts.models import RecoveryCode, RecoverySet, User
from tests.accounts.factors.conftest import NOON, taken_at_once
from tests.scoreboard import Measured

pytestmark = pytest.mark.django_db

TABLES = ("accounts_recoveryset", "accounts_recoverycode")


def taken(user: User, code: str) -> bool:
    try:
        recovery_take(user, code, NOON)
    except Refused:
        return False
    return True


def test_each_of_ten_codes_opens_once(trader: User, recovery: list[str]) -> None:
    assert len(set(recovery)) == CODES == recovery_left(trader)
    assert [taken(trader, code) for code in recovery] == [True] * CODES
    assert [taken(trader, code) for code in recovery] == [False] * CODES
    assert recovery_left(trader) == 0


def test_a_code_may_be_written_in_other_ways(trader: User, recovery: list[str]) -> None:
    assert taken(trader, recovery[0].upper())
    assert taken(trader, f" {recovery[1].replace('-', ' ')} ")
    assert taken(trader, recovery[2].replace("-", ""))


@pytest.mark.parametrize("code", ["", "-", "aaaa-aaaa-aaaa-aaaa", "é" * 16, "\ud800"])
def test_what_was_never_given_opens_nothing(trader: User, recovery: list[str], code: str) -> None:
    assert not taken(trader, code)


def test_a_code_opens_nothing_of_somebody_else(
    trader: User, recovery: list[str], make_user: Callable[[str], User]
) -> None:
    other = make_user("other")
    assert not taken(other, recovery[0])
    recovery_make(other, NOON)
    assert not taken(other, recovery[0])
    assert taken(trader, recovery[0])


def test_new_codes_void_those_before(trader: User, recovery: list[str]) -> None:
    recovery_take(trader, recovery[0], NOON)
    after = recovery_make(trader, NOON)
    assert not any(taken(trader, code) for code in recovery)
    assert taken(trader, after[0])
    assert (RecoverySet.objects.count(), RecoveryCode.objects.count()) == (1, CODES)


def test_a_code_has_eighty_random_bits() -> None:
    codes = {code_make() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert {len(code.replace("-", "")) * 5 for code in codes} == {80}


def test_no_code_can_be_read_in_the_tables(recovery: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM accounts_recoveryset JOIN accounts_recoverycode ON set_id = accounts_recoveryset.id"
        )
        rows = str(cursor.fetchall())
    salt = RecoverySet.objects.get().salt
    assert len(bytes.fromhex(salt)) == 32
    assert not [text for text in (salt, *recovery) if text in rows or text.replace("-", "") in rows]


@pytest.mark.django_db(transaction=True)
def test_of_ten_uses_at_once_one_is_taken(trader: User, recovery: list[str], measured: Measured) -> None:
    uses = taken_at_once(lambda: taken(trader, recovery[0]))
    measured(32, "uses of one recovery code that ten threads made at once: taken", uses, "exactly 1")
    assert uses == 1
