"""Do the hooks that run on the event loop do what Django's own do, and do cookies stay in the admin?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import AsyncClient, Client

from tests.served import served
from tradingmw.asgi import application

pytestmark = pytest.mark.django_db  # the views' threads look after their connections at each request
STATIC = "/static/tradingmw/terminal/main.js"
CAREFUL = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")


@pytest.fixture(scope="module")
def web() -> Iterator[httpx.Client]:
    with served(application) as address, httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/v1/orders", "/api/v1/openapi.json", "/nowhere", "/admin/login/"]
)
def test_every_answer_has_the_headers_of_a_careful_site(web: httpx.Client, path: str) -> None:
    headers = web.get(path).headers
    assert not [name for name in CAREFUL if name not in headers]


def test_only_the_admin_sets_cookies(web: httpx.Client) -> None:
    assert "csrftoken" in web.get("/admin/login/").headers["set-cookie"]
    for path in ("/", "/api/v1/orders", "/api/v1/instruments", STATIC):
        assert "set-cookie" not in web.get(path).headers


def test_the_admin_refuses_a_form_without_its_token(web: httpx.Client) -> None:
    with httpx.Client(base_url=web.base_url) as stranger:
        assert stranger.post("/admin/login/", data={"username": "a", "password": "b"}).status_code == 403


def test_a_script_is_served_whole_and_only_when_it_has_changed(web: httpx.Client) -> None:
    answer = web.get(STATIC, headers={"Accept-Encoding": "identity"})
    path = Path(settings.BASE_DIR, "tradingmw", "static", STATIC.removeprefix("/static/"))
    assert (answer.status_code, answer.content) == (200, path.read_bytes())
    assert answer.headers["content-type"].startswith("text/javascript")
    again = web.get(STATIC, headers={"If-Modified-Since": answer.headers["last-modified"]})
    assert (again.status_code, again.content) == (304, b"")
    head = web.head(STATIC, headers={"Accept-Encoding": "identity"})
    assert (head.content, head.headers["content-length"]) == (b"", str(len(answer.content)))


@pytest.mark.parametrize("path", ["/static/no-such.js", "/static/../manage.py", "/static/%2e%2e/manage.py", "/static/"])
def test_nothing_else_of_the_disk_is_served(web: httpx.Client, path: str) -> None:
    assert web.get(path).status_code == 404


def test_the_same_comes_without_a_loop(client: Client) -> None:
    assert client.get(STATIC).status_code == 200
    assert client.get("/static/no-such.js").status_code == 404


async def test_the_same_comes_on_a_loop(async_client: AsyncClient) -> None:
    assert (await async_client.get(STATIC)).status_code == 200
    assert (await async_client.get("/static/no-such.js")).status_code == 404
