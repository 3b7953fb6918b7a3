"""Is a passkey's answer taken only if all of it holds: page, site, challenge, user, key, signature and count?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.factors.ceremony import Answer
from accounts.factors.challenges import LIFE, challenge_take
from accounts.factors.passkeys import PER_USER, Ceremony, assertion_begin, passkey_take
from accounts.factors.refused import Refused
from accounts.factors.services import passkey_add, passkey_begin, step_up_begin, step_up_passkey
from accounts.models import AuditLog, Passkey, PasskeyChallenge, Purpose, Session, User
from accounts.notices import Notice, notice_given
from accounts.services import session_begin
from tests.accounts.conftest import HERE
from tests.accounts.factors.authenticator import HONEST, PRESENT, VERIFIED, Authenticator, Scene, altered
from tests.accounts.factors.conftest import added, taken_at_once
from tests.scoreboard import Measured
from tradingmw.errors import Code, Conflict, Forbidden

pytestmark = pytest.mark.django_db

FLAWS = {
    "another origin": HONEST._replace(origin="http://evil.example"),
    "another port": HONEST._replace(origin="http://localhost:9000"),
    "another scheme": HONEST._replace(origin="https://localhost:8000"),
    "a subdomain": HONEST._replace(origin="http://a.localhost:8000"),
    "another site": HONEST._replace(rp_id="evil.example"),
    "a frame in a foreign page": HONEST._replace(cross_origin=True),
    "no verification of the user": HONEST._replace(flags=PRESENT),
    "no presence of the user": HONEST._replace(flags=VERIFIED),
}


def answered(session: Session, ceremony: Ceremony, answer: Answer) -> bool:
    try:
        step_up_passkey(session=session, client=HERE, handle=ceremony.handle, answer=answer, now=timezone.now())
    except Forbidden as error:
        assert error.code is Code.MFA_INVALID
        return False
    return True


def asked(session: Session) -> Ceremony:
    return step_up_begin(session=session, now=timezone.now())


def why() -> str:
    """What the audit says of the newest refusal."""
    return str(AuditLog.objects.filter(action="auth.mfa_failed").latest("timestamp").details["why"])


def test_an_honest_answer_is_taken(session: Session, passkey: Passkey, key: Authenticator) -> None:
    ceremony = asked(session)
    assert answered(session, ceremony, key.get(ceremony.options))
    assert Passkey.objects.get().sign_count == key.count == 2
    assert "webauthn" in Session.objects.get(id=session.id).amr


@pytest.mark.parametrize("scene", FLAWS.values(), ids=FLAWS)
def test_a_flawed_answer_is_refused(session: Session, passkey: Passkey, key: Authenticator, scene: Scene) -> None:
    ceremony = asked(session)
    assert not answered(session, ceremony, key.get(ceremony.options, scene))


@pytest.mark.parametrize("scene", FLAWS.values(), ids=FLAWS)
def test_a_passkey_of_a_flawed_scene_is_not_kept(session: Session, key: Authenticator, scene: Scene) -> None:
    with pytest.raises(Forbidden):
        added(session, key, scene)
    assert not Passkey.objects.exists()


def test_whatever_is_wrong_with_an_answer_it_is_refused(
    session: Session, passkey: Passkey, key: Authenticator, measured: Measured
) -> None:
    taken = 0
    for scene in FLAWS.values():
        ceremony = asked(session)
        taken += answered(session, ceremony, key.get(ceremony.options, scene))
        taken += answered(session, ceremony, key.get(ceremony.options))  # the challenge again
    measured(32, "passkey answers of wrong origin, site, user check, or challenge again: taken", taken, "0")
    assert taken == 0


def test_an_answer_is_taken_once(session: Session, passkey: Passkey, key: Authenticator) -> None:
    ceremony = asked(session)
    answer = key.get(ceremony.options)
    assert [answered(session, ceremony, answer), answered(session, ceremony, answer)] == [True, False]


def test_a_refused_answer_uses_its_challenge_up(session: Session, passkey: Passkey, key: Authenticator) -> None:
    ceremony = asked(session)
    assert not answered(session, ceremony, key.get(ceremony.options, FLAWS["another origin"]))
    assert not answered(session, ceremony, key.get(ceremony.options))


def test_an_answer_to_another_challenge_is_refused(session: Session, passkey: Passkey, key: Authenticator) -> None:
    first, second = asked(session), asked(session)
    assert not answered(session, second, key.get(first.options))


def test_a_challenge_belongs_to_the_session_and_the_purpose_it_was_made_for(
    session: Session, passkey: Passkey, key: Authenticator, trader: User
) -> None:
    ceremony, other = asked(session), session_begin(user=trader, client=HERE).session
    assert not answered(other, ceremony, key.get(ceremony.options))
    with pytest.raises(Refused):
        challenge_take(Purpose.REGISTER, ceremony.handle, session, timezone.now())
    with pytest.raises(Refused):
        challenge_take(Purpose.LOGIN, ceremony.handle, None, timezone.now())
    assert answered(session, ceremony, key.get(ceremony.options))


def test_a_challenge_ends_by_itself(session: Session, passkey: Passkey) -> None:
    ceremony = asked(session)
    with pytest.raises(Refused):
        challenge_take(Purpose.STEP_UP, ceremony.handle, session, timezone.now() + LIFE + timedelta(seconds=1))


def test_the_passkey_of_another_user_opens_nothing(
    session: Session, passkey: Passkey, make_user: Callable[[str], User]
) -> None:
    stranger, foreign = session_begin(user=make_user("stranger"), client=HERE).session, Authenticator()
    added(stranger, foreign)
    ceremony = asked(session)
    assert not answered(session, ceremony, foreign.get(ceremony.options))
    assert why() == "not a passkey of this user"


def test_a_passkey_that_somebody_has_already_is_not_taken_over(
    session: Session, passkey: Passkey, key: Authenticator, make_user: Callable[[str], User]
) -> None:
    stranger = session_begin(user=make_user("stranger"), client=HERE).session
    with pytest.raises(Forbidden):
        added(stranger, key)
    assert Passkey.objects.get().user == session.user


@pytest.mark.parametrize("back", [0, 1, 100])
def test_a_count_that_does_not_grow_is_refused_recorded_and_told(
    session: Session, passkey: Passkey, key: Authenticator, back: int
) -> None:
    Passkey.objects.update(sign_count=500)
    told: list[Notice] = []

    def hear(*, notice: Notice, **_facts: Any) -> None:
        told.append(notice)

    notice_given.connect(hear)
    ceremony = asked(session)
    key.count = 499 - back
    assert not answered(session, ceremony, key.get(ceremony.options))
    notice_given.disconnect(hear)
    assert why() == f"counter went back to {500 - back}"
    assert (told, Passkey.objects.get().sign_count) == ([Notice.PASSKEY_COPIED], 500)


def test_a_key_that_does_not_count_may_say_nothing_for_ever(session: Session) -> None:
    key = Authenticator(counting=False)
    added(session, key)
    for _ in range(2):
        ceremony = asked(session)
        assert answered(session, ceremony, key.get(ceremony.options))


def test_a_key_that_once_counted_may_not_stop(session: Session, passkey: Passkey, key: Authenticator) -> None:
    key.counting, key.count = False, 0
    ceremony = asked(session)
    assert not answered(session, ceremony, key.get(ceremony.options))


BYTES = {
    "cut": lambda raw: raw[:-1],
    "half": lambda raw: raw[: len(raw) // 2],
    "empty": lambda _raw: b"",
    "longer": lambda raw: raw + b"\0",
}


@pytest.mark.parametrize("change", BYTES.values(), ids=BYTES)
@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
def test_a_cut_answer_is_refused(
    session: Session, passkey: Passkey, key: Authenticator, field: str, change: Callable[[bytes], bytes]
) -> None:
    ceremony = asked(session)
    assert not answered(session, ceremony, altered(key.get(ceremony.options), field, change))


def flipped(place: int) -> Callable[[bytes], bytes]:
    """The bit at `place`, counted over all bits and round again, is the other one."""

    def flip(raw: bytes) -> bytes:
        at, bit = divmod(place % (len(raw) * 8), 8)
        return raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]

    return flip


def test_no_answer_with_a_flipped_bit_is_taken(
    session: Session, passkey: Passkey, key: Authenticator, measured: Measured
) -> None:
    """Straight at the check, with one challenge that is not used up: thousands of bits."""
    ceremony = asked(session)
    challenge = PasskeyChallenge.objects.select_related("user").get(purpose="step_up")
    honest, taken, tried = key.get(ceremony.options), 0, 0
    for field in ("authenticatorData", "signature", "clientDataJSON"):
        for place in range(0, 1_200, 5):
            tried += 1
            try:
                passkey_take(challenge, altered(deepcopy(honest), field, flipped(place)), timezone.now())
                taken += 1
            except Refused:
                pass
    measured(32, f"passkey answers with a flipped bit, of {tried:,}: taken", taken, "0")
    assert taken == 0
    passkey_take(challenge, honest, timezone.now())


def kept_of(session: Session, key: Authenticator, change: Callable[[bytes], bytes]) -> bool:
    """Whether a passkey is kept of an attestation that `change` was made to."""
    begun = passkey_begin(session=session, now=timezone.now())
    answer = altered(key.create(begun.options), "attestationObject", change)
    try:
        passkey_add(session=session, client=HERE, handle=begun.handle, name="k", answer=answer, now=timezone.now())
    except Forbidden as error:
        assert error.code is Code.MFA_INVALID
        return False
    return True


def test_no_passkey_is_kept_of_cut_cbor(session: Session, key: Authenticator) -> None:
    assert not [length for length in range(0, 190, 5) if kept_of(session, key, lambda raw, to=length: raw[:to])]


def test_flipped_bits_in_cbor_are_refused_or_harmless(session: Session, key: Authenticator) -> None:
    """What is not signed may be another device or count; the passkey is still one of the key that answers. A fault of
    a parser would end this test."""
    for place in range(0, 1_552, 11):
        if kept_of(session, key, flipped(place)):
            assert Passkey.objects.get().credential_hash == hashlib.sha256(key.credential_id).hexdigest()
            Passkey.objects.all().delete()


def test_a_user_has_several_passkeys_up_to_a_bound(session: Session) -> None:
    for _ in range(PER_USER):
        Session.objects.filter(id=session.id).update(mfa_at=timezone.now())
        added(session, Authenticator())
    with pytest.raises(Conflict) as caught:
        passkey_begin(session=session, now=timezone.now())
    assert caught.value.code is Code.QUOTA_REACHED


@pytest.mark.django_db(transaction=True)
def test_of_ten_equal_answers_at_once_one_is_taken(
    session: Session, passkey: Passkey, key: Authenticator, trader: User, measured: Measured
) -> None:
    ceremony = assertion_begin(Purpose.STEP_UP, trader, session, timezone.now())
    assert ceremony is not None
    answer = key.get(ceremony.options)

    def is_taken() -> bool:
        now = timezone.now()
        try:
            passkey_take(challenge_take(Purpose.STEP_UP, ceremony.handle, session, now), answer, now)
        except Refused:
            return False
        return True

    uses = taken_at_once(is_taken)
    measured(32, "uses of one passkey answer that ten threads made at once: taken", uses, "exactly 1")
    assert uses == 1
