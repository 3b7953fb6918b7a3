"""What does each path under `/auth/mfa/` do? Check the input, call one service or selector, shape the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.factor_bodies import (
    CeremonyAnswer,
    CodeBody,
    EnrolmentAnswer,
    MfaAnswer,
    NameBody,
    PasskeyAnswer,
    PasskeyBody,
    PasskeyListAnswer,
    PasskeyLoginBody,
    RecoveryAnswer,
    RecoveryCodesAnswer,
    StepUpAnswer,
    StepUpBody,
    TotpAnswer,
    TotpListAnswer,
)
from accounts.api.serializers import TokensAnswer
from accounts.api.views import client_of, tokens_answer
from accounts.factors.challenges import LIFE
from accounts.factors.enrolled import methods_of, totp_of
from accounts.factors.freshness import FRESH_FOR, proven_at
from accounts.factors.passkeys import Ceremony, passkeys_of
from accounts.factors.policy import factor_required_of
from accounts.factors.qr import qr_svg
from accounts.factors.recovery import recovery_left
from accounts.factors.services import (
    app_begin,
    app_confirm,
    factor_remove,
    passkey_add,
    passkey_begin,
    recovery_renew,
    step_up_begin,
    step_up_otp,
    step_up_passkey,
)
from accounts.factors.totp import CONFIRM_WITHIN
from accounts.logins import passkey_session_begin
from accounts.models import Method, Passkey, TotpFactor
from accounts.permissions import needs
from accounts.policy import Function
from accounts.tokens import grant_of
from tradingmw.strict import checked_body

UNSTORED = {"Cache-Control": "no-store"}


class MfaView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="mfa", responses=MfaAnswer)
    def get(self, request: Request) -> Response:
        """What is set up, and how fresh is this session's proof?"""
        session = grant_of(request).session
        proven = proven_at(session)
        body = {
            "methods": methods_of(session.user),
            "mfa_required": factor_required_of(session.user),
            "proven_at": proven,
            "fresh_until": proven and proven + FRESH_FOR,
        }
        return Response(MfaAnswer(body).data)


class TotpListView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="totp_list", responses=TotpListAnswer)
    def get(self, request: Request) -> Response:
        """My authenticator apps, oldest first."""
        items = TotpAnswer(totp_of(grant_of(request).session.user), many=True).data
        return Response({"items": items, "nextPageToken": None})

    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="totp_begin", request=NameBody, responses={201: EnrolmentAnswer})
    def post(self, request: Request) -> Response:
        """Set an authenticator app up: it counts once a code of it is shown."""
        name = checked_body(NameBody, request)["name"]
        made = app_begin(session=grant_of(request).session, name=name, now=timezone.now())
        told = {"id": made.factor.id, "name": name, "secret": made.secret, "uri": made.uri, "qr": qr_svg(made.uri)}
        told["expires_in"] = int(CONFIRM_WITHIN.total_seconds())
        return Response(EnrolmentAnswer(told).data, status=201, headers=UNSTORED)


class TotpView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="totp_remove", responses={204: None})
    def delete(self, request: Request, factor_id: UUID) -> Response:
        """Take an authenticator app away."""
        return removed(request, TotpFactor, factor_id)


class TotpConfirmView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="totp_confirm", request=CodeBody, responses=TotpAnswer)
    def post(self, request: Request, factor_id: UUID) -> Response:
        """Show a code of the app: from now on it counts."""
        code = checked_body(CodeBody, request)["code"]
        grant = grant_of(request)
        factor = app_confirm(
            session=grant.session, client=client_of(request), factor_id=factor_id, code=code, now=timezone.now()
        )
        return Response(TotpAnswer(factor).data)


class PasskeysView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="passkeys_list", responses=PasskeyListAnswer)
    def get(self, request: Request) -> Response:
        """My passkeys, oldest first."""
        items = PasskeyAnswer(passkeys_of(grant_of(request).session.user), many=True).data
        return Response({"items": items, "nextPageToken": None})

    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="passkey_begin", request=None, responses=CeremonyAnswer)
    def post(self, request: Request) -> Response:
        """What the browser must do to make a passkey."""
        return ceremony_answer(passkey_begin(session=grant_of(request).session, now=timezone.now()))


class PasskeyFinishView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="passkey_add", request=PasskeyBody, responses={201: PasskeyAnswer})
    def post(self, request: Request) -> Response:
        """The passkey that the browser made."""
        body = checked_body(PasskeyBody, request)
        passkey = passkey_add(
            session=grant_of(request).session,
            client=client_of(request),
            handle=body["challenge_id"],
            name=body["name"],
            answer=body["credential"],
            now=timezone.now(),
        )
        return Response(PasskeyAnswer(passkey).data, status=201)


class PasskeyView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="passkey_remove", responses={204: None})
    def delete(self, request: Request, factor_id: UUID) -> Response:
        """Take a passkey away."""
        return removed(request, Passkey, factor_id)


class PasskeyLoginView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="login_webauthn", request=PasskeyLoginBody, responses=TokensAnswer, auth=[])
    def post(self, request: Request) -> Response:
        """Begin a session: the passkey's answer to the attempt of a login."""
        body = checked_body(PasskeyLoginBody, request)
        pair = passkey_session_begin(
            attempt=body["attempt"], answer=body["credential"], client=client_of(request), now=timezone.now()
        )
        return tokens_answer(request, pair)


class RecoveryCodesView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="recovery_codes", responses=RecoveryAnswer)
    def get(self, request: Request) -> Response:
        """How many recovery codes still open?"""
        return Response({"left": recovery_left(grant_of(request).session.user)})

    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="recovery_codes_make", request=None, responses={201: RecoveryCodesAnswer})
    def post(self, request: Request) -> Response:
        """Ten new recovery codes; those before are void."""
        grant = grant_of(request)
        codes = recovery_renew(session=grant.session, client=client_of(request), now=timezone.now())
        return Response({"codes": codes}, status=201, headers=UNSTORED)


class StepUpView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="step_up", request=StepUpBody, responses=StepUpAnswer)
    def post(self, request: Request) -> Response:
        """Prove a second factor anew: critical deeds are open for 300 s."""
        body, now = checked_body(StepUpBody, request), timezone.now()
        return Response(StepUpAnswer({"method": stepped_up(request, body, now), "fresh_until": now + FRESH_FOR}).data)


class StepUpPasskeyView(APIView):
    @needs(Function.FACTORS_KEEP)
    @extend_schema(operation_id="step_up_begin", request=None, responses=CeremonyAnswer)
    def post(self, request: Request) -> Response:
        """What the browser must do to prove a passkey anew."""
        return ceremony_answer(step_up_begin(session=grant_of(request).session, now=timezone.now()))


def stepped_up(request: Request, body: dict[str, Any], now: Any) -> Method:
    session, client = grant_of(request).session, client_of(request)
    if "otp" in body:
        return step_up_otp(session=session, client=client, otp=body["otp"], now=now)
    handle, answer = body["challenge_id"], body["credential"]
    return step_up_passkey(session=session, client=client, handle=handle, answer=answer, now=now)


def ceremony_answer(ceremony: Ceremony) -> Response:
    body = {
        "challengeId": ceremony.handle,
        "expiresIn": int(LIFE.total_seconds()),
        "options": ceremony.options,
    }
    return Response(body, headers=UNSTORED)


def removed(request: Request, kind: type[TotpFactor] | type[Passkey], factor_id: UUID) -> Response:
    factor_remove(
        session=grant_of(request).session,
        client=client_of(request),
        kind=kind,
        factor_id=factor_id,
        now=timezone.now(),
    )
    return Response(status=204)
