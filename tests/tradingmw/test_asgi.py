"""Does the application as it is served hold its promises? Real requests to a real server, and nothing else running."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.served import served
from tradingmw.asgi import application

pytestmark = pytest.mark.django_db  # these tests write nothing, so that the server's threads only read beside them
API = "/api/v1"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(application) as address:
        yield address


@pytest.fixture(scope="module")
def web(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        yield client


def test_the_web_process_brings_neither_daphne_nor_twisted_nor_the_loop_bound_zeromq() -> None:
    loaded = "import tradingmw.asgi, sys; print(*sorted({'daphne', 'twisted', 'zmq.asyncio'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == ""


def test_the_process_says_that_it_lives(web: httpx.Client) -> None:
    assert web.get("/healthz").json() == {"status": "alive"}
    refused = web.post("/healthz")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert refused.json()["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", f"{API}/auth/login", f"{API}/orders"])
def test_ten_megabytes_are_answered_413_on_every_path(web: httpx.Client, path: str) -> None:
    answer = web.post(path, content=b"x" * 10_000_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["code"] == "BODY_TOO_LARGE"
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


def test_ten_megabytes_in_chunks_are_answered_413_too(web: httpx.Client) -> None:
    assert web.post(f"{API}/auth/login", content=iter([b"x" * 100_000] * 100)).status_code == 413


def test_a_form_posted_to_the_page_is_refused_as_a_problem(web: httpx.Client) -> None:
    answer = web.post("/", data={"a": "b"})
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_every_answer_carries_the_request_id(web: httpx.Client) -> None:
    answer = web.get(f"{API}/auth/me", headers={"X-Request-ID": "mine-1"})
    assert (answer.headers["x-request-id"], answer.json()["requestId"]) == ("mine-1", "mine-1")
    assert len(web.get("/healthz").headers["x-request-id"]) == 32


def test_an_unknown_host_is_refused_as_a_problem(web: httpx.Client) -> None:
    answer = web.get(f"{API}/auth/me", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_BODY")


def test_every_path_of_the_api_needs_a_login_or_says_so(web: httpx.Client) -> None:
    """No operation of the document answers a stranger, but those that say so."""
    document = web.get(f"{API}/openapi.json").json()
    reads = [
        path
        for path, operations in document["paths"].items()
        if "get" in operations and {} not in operations["get"].get("security", [])
    ]
    asked = {path: web.get(path.format_map(AnyId())).status_code for path in reads}
    assert asked and set(asked.values()) == {401}, asked


class AnyId(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "00000000-0000-4000-8000-000000000000"


def test_the_openapi_document_is_valid_and_knows_the_errors(web: httpx.Client) -> None:
    document = web.get(f"{API}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    operations = [op for path in document["paths"].values() for op in path.values()]
    assert all(
        "application/problem+json" in json.dumps(op["responses"]) or op["responses"]["default"] for op in operations
    )
    assert "ORDER_FINAL" in document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]


def test_the_docs_page_and_its_scripts_come_from_here(web: httpx.Client) -> None:
    page = web.get(f"{API}/docs")
    assert page.status_code == 200
    assert "//cdn" not in page.text
    assert web.get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js").status_code == 200


def test_pages_come_with_the_headers_of_a_careful_site(web: httpx.Client) -> None:
    headers = web.get("/").headers
    policy = headers["content-security-policy"]
    for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_the_admin_asks_for_a_login(web: httpx.Client) -> None:
    answer = web.get("/admin/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/admin/login/?next=/admin/")


@pytest.mark.parametrize(
    ("path", "origin", "status"), [("market", "null", 403), ("market", "http://a.test", 403), ("x", None, 404)]
)
def test_a_socket_is_refused_before_the_accept(address: str, path: str, origin: Any, status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://{address}/ws/v1/{path}", origin=origin, proxy=None)
    assert caught.value.response.status_code == status
