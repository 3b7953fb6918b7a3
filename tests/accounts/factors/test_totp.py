"""Is a code of an app taken once, in its own half minute and the one after, and never by guessing?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from accounts.factors.qr import qr_svg
from accounts.factors.refused import Refused
from accounts.factors.totp import (
    PER_USER,
    STEP_SECONDS,
    Enrolment,
    otpauth,
    step_of,
    totp_begin,
    totp_confirm,
    totp_take,
)
from accounts.models import TotpFactor, User
from tests.accounts.factors.conftest import NOON, STEP, shown, taken_at_once
from tests.scoreboard import Measured
from tradingmw.errors import Code, Conflict, NotFound

pytestmark = pytest.mark.django_db
#: RFC 6238, appendix B, the last six of its eight digits
RFC_SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def taken(user: User, code: str, at: object = NOON) -> bool:
    try:
        totp_take(user, code, at)  # type: ignore[arg-type]
    except Refused:
        return False
    return True


def test_a_code_is_taken_once(trader: User, app: Enrolment) -> None:
    code = shown(app.secret, NOON)
    assert [taken(trader, code), taken(trader, code)] == [True, False]


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, False), (2, False)])
def test_only_codes_of_this_half_minute_and_the_one_before_are_taken(
    trader: User, app: Enrolment, steps: int, is_taken: bool
) -> None:
    assert taken(trader, shown(app.secret, NOON, steps)) is is_taken


def test_codes_two_steps_off_and_codes_again_are_refused(trader: User, app: Enrolment, measured: Measured) -> None:
    assert taken(trader, shown(app.secret, NOON))
    again = [taken(trader, shown(app.secret, NOON, steps)) for steps in (-2, -1, 0, 1, 2)]
    measured(32, "codes two steps off, from the future or used before: taken", sum(again), "0")
    assert not any(again)


def test_no_code_from_before_the_last_one_taken_counts(trader: User, app: Enrolment) -> None:
    assert taken(trader, shown(app.secret, NOON))
    assert not taken(trader, shown(app.secret, NOON, -1))
    assert taken(trader, shown(app.secret, NOON + STEP), NOON + STEP)


def test_the_code_that_confirmed_an_app_opens_nothing_more(trader: User) -> None:
    enrolment = totp_begin(trader, "telephone", NOON)
    code = shown(enrolment.secret, NOON)
    totp_confirm(trader, enrolment.factor.id, code, NOON)
    assert not taken(trader, code)


def test_an_app_that_was_never_confirmed_opens_nothing(trader: User) -> None:
    enrolment = totp_begin(trader, "telephone", NOON)
    assert not taken(trader, shown(enrolment.secret, NOON))


def test_an_app_is_confirmed_within_ten_minutes_by_its_owner_and_its_own_code(
    trader: User, make_user: Callable[[str], User]
) -> None:
    enrolment = totp_begin(trader, "telephone", NOON)
    late = NOON + timedelta(minutes=10, seconds=1)
    with pytest.raises(Refused):
        totp_confirm(trader, enrolment.factor.id, "000000", NOON)
    for user, at in ((make_user("other"), NOON), (trader, late)):
        with pytest.raises(NotFound):
            totp_confirm(user, enrolment.factor.id, shown(enrolment.secret, at), at)
    assert TotpFactor.objects.get().confirmed_at is None


def test_a_user_has_several_apps_up_to_a_bound(trader: User, app: Enrolment) -> None:
    second = totp_begin(trader, "tablet", NOON)
    totp_confirm(trader, second.factor.id, shown(second.secret, NOON), NOON)
    assert taken(trader, shown(app.secret, NOON))
    for number in range(PER_USER - 2):
        totp_begin(trader, f"number {number}", NOON)
    with pytest.raises(Conflict) as caught:
        totp_begin(trader, "one more", NOON)
    assert caught.value.code is Code.QUOTA_REACHED


def test_the_arithmetic_is_that_of_the_standard() -> None:
    for at, code in ((59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")):
        moment = NOON.fromtimestamp(at, NOON.tzinfo)
        assert step_of(RFC_SEED, code, moment) == at // STEP_SECONDS


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "-12345", "12 456", "abcdef"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(RFC_SEED, code, NOON) is None


def test_the_address_names_everything_an_app_needs() -> None:
    found = urlsplit(otpauth("a b@c", "SECRET"))
    assert (found.scheme, found.netloc, found.path) == ("otpauth", "totp", "/Trading%20Terminal:a%20b%40c")
    assert parse_qs(found.query) == {
        "secret": ["SECRET"], "issuer": ["Trading Terminal"], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"],
    }  # fmt: skip


def test_the_qr_code_is_a_picture_and_nothing_else() -> None:
    svg = qr_svg("otpauth://totp/x?secret=A")
    assert svg.startswith(("<svg", "<?xml"))
    assert set(re.findall(r"<(\w+[:\w]*)", svg)) <= {"svg", "svg:svg", "path", "svg:path"}


@pytest.mark.django_db(transaction=True)
def test_of_ten_uses_at_once_one_is_taken(trader: User, app: Enrolment, measured: Measured) -> None:
    code = shown(app.secret, NOON)
    uses = taken_at_once(lambda: taken(trader, code))
    measured(32, "uses of one code that ten threads made at once: taken", uses, "exactly 1")
    assert uses == 1


def test_no_seed_can_be_read_in_the_table(app: Enrolment) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_totpfactor")
        rows = str(cursor.fetchall())
    assert app.secret not in rows
    assert TotpFactor.objects.get().seed == app.secret


def test_seeds_are_long_and_all_different(trader: User) -> None:
    secrets = {totp_begin(trader, str(number), NOON).secret for number in range(PER_USER)}
    assert len(secrets) == PER_USER
    assert {len(secret) for secret in secrets} == {32}  # 160 bits in base32
