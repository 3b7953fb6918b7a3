"""How are second factors added, taken away and proven anew within a session?

Whoever has one must have proven one lately to change any: a stolen session alone adds and removes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.client import Client
from accounts.factors.ceremony import Answer
from accounts.factors.challenges import challenge_take
from accounts.factors.enrolled import methods_of
from accounts.factors.freshness import fresh_mfa_needed, session_proven
from accounts.factors.otp import otp_take
from accounts.factors.passkeys import Ceremony, assertion_begin, passkey_take, registration_begin, registration_finish
from accounts.factors.policy import factor_required_of
from accounts.factors.record import Caller, record, refusal_record, tell
from accounts.factors.recovery import recovery_make
from accounts.factors.refused import Refused
from accounts.factors.totp import Enrolment, totp_begin, totp_confirm
from accounts.models import Method, Passkey, Purpose, RecoverySet, Session, TotpFactor
from accounts.notices import Notice
from tradingmw.errors import Code, Conflict, Forbidden, NotFound

Factor = TotpFactor | Passkey
Kind = type[TotpFactor] | type[Passkey]


def app_begin(*, session: Session, name: str, now: datetime) -> Enrolment:
    """An authenticator app on its way: its seed, told this once. Forbidden (STEP_UP_REQUIRED), Conflict."""
    _may_change(session, now)
    return totp_begin(session.user, name, now)


def app_confirm(*, session: Session, client: Client, factor_id: UUID, code: str, now: datetime) -> TotpFactor:
    """The app counts from now on, and this session has proven it; Forbidden (MFA_INVALID, STEP_UP_REQUIRED)."""
    _may_change(session, now)
    with _proof(session, client, now) as caller, transaction.atomic():
        factor = totp_confirm(session.user, factor_id, code, now)
        _added(caller, factor, Method.TOTP, now)
    return factor


def passkey_begin(*, session: Session, now: datetime) -> Ceremony:
    """What the browser must do for a new passkey; Forbidden (STEP_UP_REQUIRED), Conflict."""
    _may_change(session, now)
    return registration_begin(session, now)


def passkey_add(*, session: Session, client: Client, handle: str, name: str, answer: Answer, now: datetime) -> Passkey:
    """The passkey that the browser made; Forbidden (MFA_INVALID, STEP_UP_REQUIRED). The challenge is used up."""
    _may_change(session, now)
    with _proof(session, client, now) as caller:
        asked = challenge_take(Purpose.REGISTER, handle, session, now)
        with transaction.atomic():
            passkey = registration_finish(asked, name, answer, now)
            _added(caller, passkey, Method.WEBAUTHN, now)
    return passkey


@transaction.atomic
def factor_remove(*, session: Session, client: Client, kind: Kind, factor_id: UUID, now: datetime) -> None:
    """Take an app or a passkey away, with the last one the recovery codes too; NotFound, Forbidden, Conflict."""
    factor = kind._default_manager.filter(id=factor_id, user=session.user).first()
    if factor is None:
        raise NotFound
    _may_change(session, now)
    factor.delete()
    caller = Caller(session.user, client, session)
    if not methods_of(session.user):
        if factor_required_of(session.user):
            raise Conflict(
                "Your role needs a second factor: set another one up first.", code=Code.MFA_ENROLMENT_REQUIRED
            )
        RecoverySet.objects.filter(user=session.user).delete()
    record(caller, "auth.factor_removed", kind.__name__.lower(), factor_id, before={"name": factor.name})
    tell(caller, Notice.FACTOR_REMOVED, now, name=factor.name)


def recovery_renew(*, session: Session, client: Client, now: datetime) -> list[str]:
    """New recovery codes, told this once: those before are void. Forbidden; Conflict where there is no factor yet."""
    if not methods_of(session.user):
        raise Conflict("Set up an app or a passkey first.", code=Code.MFA_ENROLMENT_REQUIRED)
    fresh_mfa_needed(session, now)
    caller = Caller(session.user, client, session)
    with transaction.atomic():
        codes = recovery_make(session.user, now)
        record(caller, "auth.recovery_codes_made", "user", session.user_id, details={"codes": len(codes)})
        tell(caller, Notice.FACTOR_ADDED, now, name="recovery codes")
    return codes


def step_up_otp(*, session: Session, client: Client, otp: str, now: datetime) -> Method:
    """Proven anew with a code; Forbidden (MFA_INVALID), TooManyRequests (MFA_LOCKED)."""
    with _proof(session, client, now) as caller:
        method = otp_take(session.user, otp, now)
        _stepped_up(caller, session, method, now)
    return method


def step_up_begin(*, session: Session, now: datetime) -> Ceremony:
    """What the browser must do to prove a passkey; NotFound where the user has none."""
    ceremony = assertion_begin(Purpose.STEP_UP, session.user, session, now)
    if ceremony is None:
        raise NotFound
    return ceremony


def step_up_passkey(*, session: Session, client: Client, handle: str, answer: Answer, now: datetime) -> Method:
    """Proven anew with a passkey; Forbidden (MFA_INVALID). The challenge is used up."""
    with _proof(session, client, now) as caller:
        passkey_take(challenge_take(Purpose.STEP_UP, handle, session, now), answer, now)
        _stepped_up(caller, session, Method.WEBAUTHN, now)
    return Method.WEBAUTHN


# --------------------------------------------------------------------------------------------------------------------


@contextmanager
def _proof(session: Session, client: Client, now: datetime) -> Iterator[Caller]:
    """What is refused inside is written down, and told without its reason."""
    caller = Caller(session.user, client, session)
    try:
        yield caller
    except Refused as error:
        refusal_record(caller, error, now)
        raise Forbidden("The second factor was not taken.", code=Code.MFA_INVALID) from error


def _may_change(session: Session, now: datetime) -> None:
    if methods_of(session.user):
        fresh_mfa_needed(session, now)


def _added(caller: Caller, factor: Factor, method: Method, now: datetime) -> None:
    record(caller, "auth.factor_added", type(factor).__name__.lower(), factor.id, after={"name": factor.name})
    if caller.session:
        session_proven(caller.session, method, now)
    tell(caller, Notice.FACTOR_ADDED, now, name=factor.name)


@transaction.atomic
def _stepped_up(caller: Caller, session: Session, method: Method, now: datetime) -> None:
    session_proven(session, method, now)
    record(caller, "auth.stepped_up", "session", session.id, details={"method": method.value})
    if method is Method.RECOVERY:
        tell(caller, Notice.RECOVERY_USED, now)
