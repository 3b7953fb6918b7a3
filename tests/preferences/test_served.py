"""Do settings come through the application as it is served, up to their limits, and outlive its processes?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
from django.db import connection

from accounts.models import User
from accounts.services import Client, session_begin
from marketdata.models import Instrument
from tests.preferences.conftest import SYMBOLS, client_of, instrument, person
from tests.served import served
from tradingmw.asgi import handler
from tradingmw.body_limit import BODY_BYTES, LAYOUT_BYTES, BodyLimit, RequestId

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 60


@pytest.fixture
def ann() -> User:
    return person("ann")


@pytest.fixture
def web(ann: User) -> Iterator[httpx.Client]:
    """Ann, logged in at a real server, which has nothing to do with the market."""
    token = session_begin(user=ann, client=Client("127.0.0.1", "tests")).access_token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with (
        served(RequestId(BodyLimit(cast(Any, handler)))) as address,
        httpx.Client(base_url=f"http://{address}/api/v1/me", headers=headers, trust_env=False, timeout=30) as client,
    ):
        yield client


def body_of(size: int) -> bytes:
    """A workspace whose body has so many bytes."""
    frame = b'{"name":"Main","layout":{"text":""}}'
    return frame.replace(b'""', b'"' + b"x" * (size - len(frame)) + b'"')


def test_a_layout_has_half_a_mebibyte_and_not_one_byte_more(web: httpx.Client) -> None:
    made = web.post("/workspaces", content=body_of(LAYOUT_BYTES))
    assert made.status_code == 201
    path = f"/workspaces/{made.json()['id']}"
    assert web.get(path).json()["layout"] == made.json()["layout"]
    for refused in (
        web.post("/workspaces", content=body_of(LAYOUT_BYTES + 1)),
        web.put(path, content=body_of(LAYOUT_BYTES + 1), headers={"If-Match": '"1"'}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (413, "BODY_TOO_LARGE")
    assert web.get(path, headers={"If-None-Match": '"1"'}).status_code == 304


def test_everything_else_of_a_user_has_sixty_four_kibibytes(web: httpx.Client) -> None:
    assert web.put("/preferences", content=body_of(BODY_BYTES)).status_code == 204
    assert web.put("/preferences", content=body_of(BODY_BYTES + 1)).status_code == 413
    assert web.post("/watchlists", content=body_of(BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_bottomless_json_is_refused_and_hurts_nobody(web: httpx.Client, opening: bytes) -> None:
    answer = web.post("/workspaces", content=opening * (LAYOUT_BYTES // len(opening)))
    assert (answer.status_code, answer.json()["code"]) == (422, "DEEP_JSON")
    assert web.get("/workspaces").json()["items"] == []


def test_a_watchlist_is_the_same_for_the_next_process(ann: User) -> None:
    Instrument.objects.bulk_create([instrument(symbol) for symbol in SYMBOLS])
    items = [{"symbol": symbol, "customFields": {"note": "ü"}} for symbol in reversed(SYMBOLS)]
    made = client_of(ann).post("/api/v1/me/watchlists", {"name": "Tech", "items": items}, format="json").json()
    command = [sys.executable, "-m", "tests.preferences.another_process", str(connection.settings_dict["NAME"]), "ann"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS).stdout
    del made["lastEventId"]
    assert json.loads(said) == [made]
