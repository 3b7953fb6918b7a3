"""Do the paths under `/auth/` do what the contract says?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditLog, Session, User
from accounts.services import TokenPair, session_begin, ticket_redeem
from tests.accounts.conftest import HERE, PASSWORD
from tradingmw.env import env

pytestmark = pytest.mark.django_db
JSON = "application/json"


def bearer(pair: TokenPair) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair.access_token}"}


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    return client.post(f"/api/v1/auth/{path}", body or {}, content_type=JSON, headers=headers)


def get(client: Client, path: str, pair: TokenPair | None = None) -> Any:
    return client.get(f"/api/v1/auth/{path}", headers=bearer(pair) if pair else {})


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="localhost")


@pytest.fixture
def browser() -> dict[str, str]:
    return {"X-Client": "browser", "Origin": env().origins[0]}


def test_a_program_logs_in_and_asks_who_it_is(client: Client, trader: User) -> None:
    answer = post(client, "login", {"username": "Trader", "password": PASSWORD})
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == {"accessToken", "refreshToken", "expiresIn", "lastEventId"}
    assert answer["X-Last-Event-Id"] == str(body["lastEventId"]) == "0"
    assert answer["Cache-Control"] == "no-store"
    me = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {body['accessToken']}"}).json()
    assert (me["username"], me["account"], me["roles"]) == ("trader", "trader", ["trader"])


def test_wrong_credentials_look_the_same_for_known_and_unknown_users(client: Client, trader: User) -> None:
    known, unknown = (post(client, "login", {"username": name, "password": "wrong"}) for name in ("trader", "nobody"))
    assert known.status_code == unknown.status_code == 401
    assert known.json() | {"requestId": ""} == unknown.json() | {"requestId": ""}
    assert known.json()["code"] == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "trader"}, {"username": 7, "password": []}, {"username": "a\0", "password": "b"}],
)
def test_a_login_of_a_bad_shape_is_422(client: Client, body: Any) -> None:
    answer = post(client, "login", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert answer.json()["errors"]


def test_an_unknown_field_is_named(client: Client) -> None:
    answer = post(client, "login", {"username": "a", "password": "b", "user": "c"})
    assert answer.json()["errors"] == [{"attr": "user", "code": "unknown", "detail": "There is no such field."}]


@pytest.mark.parametrize("path", ["me", "sessions", "ws-ticket"])
def test_every_path_needs_a_login(client: Client, path: str) -> None:
    answer = post(client, path) if path == "ws-ticket" else get(client, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTHENTICATION_REQUIRED")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_program_refreshes_with_its_token(client: Client, login: TokenPair) -> None:
    answer = post(client, "refresh", {"refreshToken": login.refresh_token})
    assert answer.json()["refreshToken"] != login.refresh_token
    assert get(client, "me", login).status_code == 200


@pytest.mark.parametrize(("body", "code"), [({}, "AUTHENTICATION_REQUIRED"), ({"refreshToken": "x"}, "INVALID_TOKEN")])
def test_a_refresh_without_a_token_of_ours_is_401(client: Client, body: Any, code: str) -> None:
    answer = post(client, "refresh", body)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_a_browser_gets_a_cookie_that_scripts_cannot_read(
    client: Client, trader: User, browser: dict[str, str]
) -> None:
    answer = post(client, "login", {"username": "trader", "password": PASSWORD}, **browser)
    cookie = answer.cookies["tmw_refresh"]
    assert "refreshToken" not in answer.json()
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")
    assert post(client, "refresh", **browser).cookies["tmw_refresh"].value != cookie.value


def test_over_https_the_cookie_is_bound_to_the_host(client: Client, trader: User, browser: dict[str, str]) -> None:
    answer = client.post(
        "/api/v1/auth/login", {"username": "trader", "password": PASSWORD}, JSON, secure=True, headers=browser
    )
    cookie = answer.cookies["__Host-tmw_refresh"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


@pytest.mark.parametrize("path", ["refresh", "logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Client": "browser"},
        {"X-Client": "browser", "Origin": "null"},
        {"X-Client": "browser", "Origin": "http://localhost.evil.example:8000"},
        {"Origin": "http://localhost:8000"},
    ],
    ids=str,
)
def test_a_cookie_from_a_foreign_page_is_refused(
    client: Client, login: TokenPair, path: str, headers: dict[str, str]
) -> None:
    client.cookies["tmw_refresh"] = login.refresh_token
    answer = post(client, path, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "CSRF_FAILED")
    assert Session.objects.get().ended_at is None


def test_a_browser_logs_out_by_its_cookie_alone(client: Client, login: TokenPair, browser: dict[str, str]) -> None:
    client.cookies["tmw_refresh"] = login.refresh_token
    answer = post(client, "logout", **browser, Authorization="Bearer expired")
    assert answer.status_code == 204
    assert answer.cookies["tmw_refresh"]["max-age"] == 0
    assert Session.objects.get().end_reason == "logout"


def test_a_program_logs_out_by_its_access_token(client: Client, login: TokenPair) -> None:
    answer = post(client, "logout", **bearer(login))
    assert (answer.status_code, answer.content, answer["X-Last-Event-Id"]) == (204, b"", "0")
    assert Session.objects.get().end_reason == "logout"


def test_a_logout_by_nobody_is_401(client: Client) -> None:
    assert post(client, "logout").status_code == 401


def test_a_user_sees_his_sessions_and_ends_one(client: Client, login: TokenPair) -> None:
    other = session_begin(user=login.session.user, client=HERE).session
    listed = get(client, "sessions", login).json()
    assert [(item["id"], item["current"]) for item in listed["items"]] == [
        (str(other.id), False),
        (str(login.session.id), True),
    ]
    assert client.delete(f"/api/v1/auth/sessions/{other.id}", headers=bearer(login)).status_code == 204
    assert len(get(client, "sessions", login).json()["items"]) == 1


def test_a_user_names_a_session_and_the_audit_says_from_which_one(client: Client, login: TokenPair) -> None:
    other = session_begin(user=login.session.user, client=HERE).session
    path = f"/api/v1/auth/sessions/{other.id}"

    def name(text: str) -> Any:
        return client.patch(path, {"name": text}, content_type=JSON, headers=bearer(login))

    assert (name("upstairs").json()["name"], name("The screen upstairs").status_code) == ("upstairs", 200)
    assert get(client, f"sessions/{other.id}", login).json()["name"] == "The screen upstairs"
    assert (name("x" * 61).status_code, get(client, "sessions", login).json()["items"][1]["name"]) == (422, "")
    row = AuditLog.objects.filter(action="auth.session_named").latest("timestamp")
    assert (row.user_id, row.session_id, row.ip_address) == (login.session.user_id, login.session.id, "127.0.0.1")
    assert (row.resource_id, row.before, row.after) == (
        str(other.id),
        {"name": "upstairs"},
        {"name": "The screen upstairs"},
    )


def test_sessions_come_page_by_page(client: Client, login: TokenPair) -> None:
    first = get(client, "sessions?limit=1", login).json()
    assert first["nextPageToken"] is None
    session_begin(user=login.session.user, client=HERE)
    first = get(client, "sessions?limit=1", login).json()
    second = get(client, f"sessions?limit=1&pageToken={first['nextPageToken']}", login).json()
    assert second["items"][0]["current"] and second["nextPageToken"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "pageToken=x", "pageToken=%00", "pageToken=e30="]
)
def test_a_page_that_cannot_be_is_422(client: Client, login: TokenPair, query: str) -> None:
    assert get(client, f"sessions?{query}", login).status_code == 422


def test_a_foreign_session_is_404(client: Client, login: TokenPair, make_user: Callable[[str], User]) -> None:
    foreign = session_begin(user=make_user("other"), client=HERE).session
    path = f"/api/v1/auth/sessions/{foreign.id}"
    assert client.get(path, headers=bearer(login)).json()["code"] == "NOT_FOUND"
    assert client.delete(path, headers=bearer(login)).status_code == 404
    assert Session.objects.get(id=foreign.id).ended_at is None


def test_a_user_ends_all_his_sessions(client: Client, login: TokenPair) -> None:
    session_begin(user=login.session.user, client=HERE)
    assert client.delete("/api/v1/auth/sessions", headers=bearer(login)).status_code == 204
    assert not Session.objects.filter(ended_at=None).exists()


def test_a_ticket_belongs_to_the_session_that_asked(client: Client, login: TokenPair) -> None:
    body = post(client, "ws-ticket", **bearer(login)).json()
    assert 1 <= body["expiresIn"] <= 30
    assert ticket_redeem(body["ticket"], "127.0.0.1") == login.session
