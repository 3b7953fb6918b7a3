"""Is there a path, verb or socket that takes a wrong credential? Driven by what is served, so that none is left out."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.accounts.conftest import QuickArgon2
from tests.credentials import credentials, made_user
from tests.scoreboard import Measured
from tests.served import served
from tradingmw.asgi import application, socket_paths

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
VALUES = {"uuid": str(uuid4()), "str": "AAPL", "path": "AAPL", "int": "1"}
PART, EXPRESSION = re.compile(r"<(?P<kind>\w+):\w+>"), re.compile(r"\(\?P<\w+>[^)]*\)")
#: Served to everybody, and why.
PUBLIC = {
    "": "the page itself",
    "healthz": "asked by what watches the process",
    "readyz": "asked by what watches the process",
    "metrics": "asked from networks that a setting names",
    "api/v1/openapi.json": "the document",
    "api/v1/asyncapi.json": "the document",
    "api/v1/docs": "the document, for people",
    "api/v1/auth/login": "where credentials are got",
    "api/v1/auth/refresh": "takes a refresh token",
    "api/v1/auth/logout": "takes a refresh token too",
    "api/v1/auth/mfa/webauthn/login": "the second step of a login",
}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Every route but the admin's, which has logins of its own."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver) and route != "admin/":
            yield from routes(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield route


def path_of(route: str) -> str:
    """With some value for each of its parts."""
    filled = PART.sub(lambda part: VALUES[part["kind"]], EXPRESSION.sub("AAPL", route))
    return f"/{filled.replace('^', '').replace('$', '')}"


GUARDED = sorted(set(routes()) - PUBLIC.keys())


@pytest.mark.django_db
def test_no_endpoint_takes_a_wrong_credential(request: pytest.FixtureRequest, measured: Measured) -> None:
    """With --long each verb of each path gets every credential; otherwise each path gets every one, on some verb."""
    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    wrong: dict[str, str | None] = {"none at all": None, **credentials(made_user("ann"), made_user("bob"))}
    taken: Counter[str] = Counter()
    asked = 0
    each_gets = len(wrong) if request.config.getoption("--long") else 1 + len(wrong) // len(VERBS)
    turns = itertools.cycle(wrong.items())
    for path in map(path_of, GUARDED):
        for verb in VERBS:
            for what, text in itertools.islice(turns, each_gets):
                headers = {"Authorization": f"Bearer {text}"} if text else {}
                answer = client.generic(verb, path, "{}", "application/json", headers=headers)
                asked += 1
                taken[f"{verb} {path} with {what}: {answer.status_code}"] += answer.status_code != 401
    told = f"{sum(taken.values())} of {asked}"
    measured(
        30,
        f"requests taken with {len(wrong)} wrong credentials, on {len(GUARDED)} routes with {len(VERBS)} verbs",
        told,
        "0",
    )
    assert +taken == Counter()


@pytest.mark.django_db
def test_only_what_must_be_is_open_to_strangers() -> None:
    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    found = {route for route in routes() if client.get(path_of(route)).status_code != 401}
    assert found <= PUBLIC.keys()
    assert set(routes()) >= PUBLIC.keys()


@pytest.mark.django_db
def test_no_other_scheme_and_no_cookie_is_a_credential() -> None:
    client = Client(SERVER_NAME="localhost")
    user = made_user("ann")
    client.force_login(user)  # the admin's cookie
    token = credentials(user, made_user("bob"))["a refresh token"]
    client.cookies["tmw_refresh"] = client.cookies["__Host-tmw_refresh"] = token
    for header in ({}, {"Authorization": "Basic YW5uOmFubg=="}, {"Authorization": f"Token {token}"}):
        assert client.get("/api/v1/auth/me", headers=header).status_code == 401


@pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
@pytest.mark.parametrize("path", sorted(socket_paths))
def test_no_socket_takes_a_wrong_credential(path: str, settings: Any, measured: Measured) -> None:
    settings.PASSWORD_HASHERS = [f"{QuickArgon2.__module__}.{QuickArgon2.__name__}"]
    wrong = credentials(made_user("ann"), made_user("bob"))
    del wrong["a ticket"]  # is taken as one
    with served(application) as address:
        by_message = {what: closed(address, path, said(text)) for what, text in wrong.items()}
        in_url = {
            f"{name} {what}": closed(address, f"{path}?{name}={text}")
            for name in ("ticket", "token", "access_token")
            for what, text in wrong.items()
            if name == "ticket"
        }
    measured(30, f"{path}: of {len(wrong)} wrong credentials, taken", Counter(by_message.values())[0], "0")
    assert by_message == dict.fromkeys(by_message, 4500)
    assert in_url == dict.fromkeys(in_url, 4500)


def said(text: str) -> Callable[[Any], None]:
    return lambda socket: socket.send(f'{{"id":1,"method":"auth","params":{{"accessToken":"{text}"}}}}')


def closed(address: str, path: str, say: Callable[[Any], None] = lambda _socket: None) -> int:
    """The code that the socket is closed with, before anything is sent; 0 where something is."""
    with connect(f"ws://{address}{path}", proxy=None) as socket:
        say(socket)
        try:
            socket.recv(timeout=15)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd else 1006
    return 0
