"""Do the paths under `/auth/mfa/`, and a login with a second factor, do what the document says?"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.factors.totp import totp_begin, totp_confirm
from accounts.models import AuditLog, Session, User
from accounts.services import TokenPair
from tests.accounts.conftest import PASSWORD
from tests.accounts.factors.authenticator import Authenticator
from tests.accounts.factors.conftest import STEP, shown

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="localhost")


class Caller:
    """Calls `/auth/…` with the token of a login."""

    def __init__(self, client: Client, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1/auth/{path}", body or {}, content_type=JSON, headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/auth/{path}", headers=self.headers).json()

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1/auth/{path}", headers=self.headers)


@pytest.fixture
def caller(client: Client, login: TokenPair) -> Caller:
    return Caller(client, login.access_token)


def log_in(client: Client, **more: str) -> Any:
    body = {"username": "trader", "password": PASSWORD, **more}
    return client.post("/api/v1/auth/login", body, content_type=JSON)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def with_app(user: User) -> str:
    """The seed of an app that the user confirmed a minute ago, so that its code of now is unused."""
    before = timezone.now() - 2 * STEP
    enrolment = totp_begin(user, "telephone", before)
    totp_confirm(user, enrolment.factor.id, shown(enrolment.secret, before), before)
    return enrolment.secret


def test_an_app_is_set_up_and_then_a_login_needs_its_code(client: Client, caller: Caller) -> None:
    begun = caller.post("mfa/totp", {"name": "telephone"})
    made = begun.json()
    assert (begun.status_code, begun["Cache-Control"]) == (201, "no-store")
    assert made["uri"].startswith("otpauth://totp/") and "<svg" in made["qr"] and made["expiresIn"] == 600
    assert log_in(client).status_code == 200  # not confirmed: nothing is asked
    now = timezone.now()
    confirmed = caller.post(f"mfa/totp/{made['id']}/confirm", {"code": shown(made["secret"], now)})
    assert (confirmed.status_code, confirmed.json()["name"]) == (200, "telephone")
    refused = log_in(client)
    assert code_of(refused) == (401, "MFA_REQUIRED")
    assert refused.json()["mfa"] == {"methods": ["totp"]}
    assert code_of(log_in(client, otp="000000")) == (401, "MFA_INVALID")


def test_a_login_with_a_code_says_what_was_proven(client: Client, trader: User) -> None:
    secret = with_app(trader)
    answer = log_in(client, otp=shown(secret, timezone.now()))
    assert (answer.status_code, answer.json()["mfa"]) == (200, {"state": "proven", "methods": ["totp"]})
    session = Session.objects.get()
    assert (session.amr, session.mfa_at is not None) == ("totp", True)
    assert AuditLog.objects.get(action="auth.login").details["factor"] == "totp"


def test_the_wrong_password_says_nothing_of_second_factors(client: Client, trader: User) -> None:
    secret = with_app(trader)
    answer = log_in(client, password="wrong", otp=shown(secret, timezone.now()))
    assert code_of(answer) == (401, "INVALID_CREDENTIALS")
    assert log_in(client, otp=shown(secret, timezone.now())).status_code == 200  # the code was not used up


def test_too_many_wrong_codes_are_429_until_a_time_that_is_told(client: Client, trader: User) -> None:
    with_app(trader)
    answers = [log_in(client, otp="000000") for _ in range(6)]
    assert [code_of(answer)[1] for answer in answers] == ["MFA_INVALID"] * 5 + ["MFA_LOCKED"]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1]["Retry-After"]) <= 5


def test_a_passkey_is_added_and_ends_a_login_without_a_second_password(client: Client, caller: Caller) -> None:
    key = Authenticator()
    begun = caller.post("mfa/webauthn").json()
    assert begun["options"]["authenticatorSelection"]["userVerification"] == "required"
    body = {"challengeId": begun["challengeId"], "name": "key", "credential": key.create(begun["options"])}
    assert caller.post("mfa/webauthn/finish", body).status_code == 201
    asked = log_in(client).json()["mfa"]
    assert asked["methods"] == ["webauthn"] and asked["expiresIn"] == 120
    answer = {"attempt": asked["attempt"], "credential": key.get(asked["webauthn"])}
    entered = client.post("/api/v1/auth/mfa/webauthn/login", answer, content_type=JSON)
    assert entered.status_code == 200
    assert entered.json().keys() == {"accessToken", "refreshToken", "expiresIn", "mfa", "lastEventId"}
    again = client.post("/api/v1/auth/mfa/webauthn/login", answer, content_type=JSON)
    assert code_of(again) == (401, "MFA_INVALID")


def test_recovery_codes_are_shown_once_and_counted(client: Client, caller: Caller, trader: User) -> None:
    assert code_of(caller.post("mfa/recovery-codes")) == (409, "MFA_ENROLMENT_REQUIRED")
    secret = with_app(trader)
    assert code_of(caller.post("mfa/recovery-codes")) == (403, "STEP_UP_REQUIRED")
    assert caller.post("mfa/step-up", {"otp": shown(secret, timezone.now())}).json()["method"] == "totp"
    made = caller.post("mfa/recovery-codes")
    assert (made.status_code, len(made.json()["codes"])) == (201, 10)
    assert log_in(client, otp=made.json()["codes"][0].upper().replace("-", " ")).status_code == 200
    assert code_of(log_in(client, otp=made.json()["codes"][0])) == (401, "MFA_INVALID")
    assert caller.get("mfa/recovery-codes") == {"left": 9}
    assert caller.get("mfa")["methods"] == ["totp", "recovery"]


def test_factors_are_listed_and_taken_away(caller: Caller, trader: User) -> None:
    secret = with_app(trader)
    (item,) = caller.get("mfa/totp")["items"]
    assert item.keys() == {"id", "name", "createdAt", "lastUsedAt"}
    assert code_of(caller.delete(f"mfa/totp/{item['id']}")) == (403, "STEP_UP_REQUIRED")
    caller.post("mfa/step-up", {"otp": shown(secret, timezone.now())})
    assert caller.delete(f"mfa/totp/{item['id']}").status_code == 204
    assert caller.get("mfa/totp") == {"items": [], "nextPageToken": None}
    assert code_of(caller.delete(f"mfa/totp/{item['id']}")) == (404, "NOT_FOUND")


def test_a_step_up_with_a_passkey(caller: Caller) -> None:
    key = Authenticator()
    begun = caller.post("mfa/webauthn").json()
    body = {"challengeId": begun["challengeId"], "name": "key", "credential": key.create(begun["options"])}
    caller.post("mfa/webauthn/finish", body)
    asked = caller.post("mfa/step-up/webauthn").json()
    proof = {"challengeId": asked["challengeId"], "credential": key.get(asked["options"])}
    assert caller.post("mfa/step-up", proof).json()["method"] == "webauthn"
    assert code_of(caller.post("mfa/step-up", proof)) == (403, "MFA_INVALID")


@pytest.mark.parametrize(
    "body",
    [{}, {"otp": "1", "challengeId": "2"}, {"challengeId": "2"}, {"credential": {}}, {"otp": ["1"]}, {"otp": ""}],
)
def test_a_step_up_of_a_bad_shape_is_422(caller: Caller, body: Any) -> None:
    assert code_of(caller.post("mfa/step-up", body)) == (422, "VALIDATION_FAILED")


@pytest.mark.parametrize("credential", [{}, {"id": 7}, {"id": "e30", "response": 7}, {"id": "é", "rawId": None}])
def test_a_credential_that_is_none_is_refused(client: Client, caller: Caller, credential: Any) -> None:
    begun = caller.post("mfa/webauthn").json()
    body = {"challengeId": begun["challengeId"], "name": "key", "credential": credential}
    assert code_of(caller.post("mfa/webauthn/finish", body)) == (403, "MFA_INVALID")
