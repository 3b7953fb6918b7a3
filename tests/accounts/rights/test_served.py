"""Is the matrix complete and what a running stack does, and is what belongs to others not there for anybody?"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.accounts.rights.foreign import ORDER, lists, made_by, path_with, with_ids
from tests.accounts.rights.matrix import FILE, PEOPLE, PUBLIC, Row, kept, written
from tests.accounts.rights.people import tokens
from tests.accounts.signatures.program import Program, as_body
from tests.scoreboard import Measured
from tests.stack import Stack

EXAMPLES = 6
LAST = ("/api/v1/auth/sessions", "DELETE")  #: the token dies with it
NAMED = {
    "<path:symbol>": "AAPL",
    "^orders/by-client-id/(?P<client_order_id>[A-Za-z0-9_.:-]{1,48})$": "orders/by-client-id/c",
}


@pytest.fixture(scope="module")
def token(stack: Stack) -> dict[str, str]:
    return tokens(stack.data_dir)


def test_no_endpoint_and_no_method_is_missing_in_the_matrix() -> None:
    out = io.StringIO()
    written(out)
    assert FILE.read_text(encoding="utf-8") == out.getvalue(), "python -m tests.accounts.rights.matrix > " + str(FILE)


def path_of(row: Row) -> str:
    path = row.name
    for placeholder, value in NAMED.items():
        path = path.replace(placeholder, value)
    while "<uuid:" in path:
        head, _, tail = path.partition("<uuid:")
        path = head + str(uuid4()) + tail.partition(">")[2]
    return path


def asked(client: httpx.Client, row: Row) -> httpx.Response:
    """A request whose shape is wrong, so that little happens where it is let in."""
    body = {"json": {"nothing": 1}} if row.method in ("POST", "PUT", "PATCH") else {"params": {"nothing": "1"}}
    return client.request(row.method, path_of(row), **body)  # type: ignore[arg-type]


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code in (401, 403) and answer.json()["code"] in ("FORBIDDEN", "AUTHENTICATION_REQUIRED")


@pytest.mark.parametrize("role", PEOPLE)
def test_every_endpoint_lets_in_exactly_whom_the_matrix_names(
    stack: Stack, token: dict[str, str], role: str, measured: Measured
) -> None:
    place = list(PEOPLE).index(role)
    rest = sorted((row for row in kept() if row.surface == "rest"), key=lambda row: (row.name, row.method) == LAST)
    with httpx.Client(base_url=stack.url, headers={"Authorization": f"Bearer {token[role]}"}, timeout=15) as client:
        answers = [(row, asked(client, row)) for row in rest]
    wrong = [
        f"{row.method} {row.name}: {answer.status_code}"
        for row, answer in answers
        if is_refused(answer) is row.allowed[place] or answer.status_code >= 500
    ]
    measured(31, f"endpoints that do not do what the matrix says for {role}, of {len(rest)}", len(wrong), "0")
    assert wrong == []


def test_every_endpoint_but_the_public_ones_refuses_a_stranger(stack: Stack) -> None:
    with httpx.Client(base_url=stack.url, timeout=15) as client:
        open_to_all = {
            (row.method, row.name)
            for row in kept()
            if row.surface == "rest" and not is_refused(asked(client, row)) and row.name != "/api/v1/auth/logout"
        }
    public = {(row.method, row.name) for row in kept() if row.function == PUBLIC}
    assert open_to_all == public - {("POST", "/api/v1/auth/logout")}


def refusals(stack: Stack, surface: str, token: str, rows: list[Row]) -> dict[str, bool]:
    """Of each method whether it is refused; all of them where the socket itself is."""
    with connect(f"{stack.url.replace('http', 'ws')}/ws/v1/{surface}") as socket:
        socket.send(json.dumps({"id": 0, "method": "auth", "params": {"accessToken": token}}))
        try:
            answer_to(socket, 0)
            return {row.name: is_forbidden(socket, number, row) for number, row in enumerate(rows, 1)}
        except ConnectionClosed as closed:
            assert closed.rcvd is not None and closed.rcvd.code == 4507
            return {row.name: True for row in rows}


def is_forbidden(socket: Any, number: int, row: Row) -> bool:
    method, _, channel = row.name.partition(" ")
    params = {"channel": channel} if channel else {"nothing": 1}
    socket.send(json.dumps({"id": number, "method": method, "params": params}))
    return bool(answer_to(socket, number).get("error", {}).get("code") == "FORBIDDEN")


def answer_to(socket: Any, number: int) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=10))
        if frame.get("id") == number:
            return frame


@pytest.mark.parametrize("surface", ["market", "trading"])
@pytest.mark.parametrize("role", PEOPLE)
def test_every_socket_method_lets_in_exactly_whom_the_matrix_names(
    stack: Stack, token: dict[str, str], role: str, surface: str, measured: Measured
) -> None:
    place = list(PEOPLE).index(role)
    rows = [row for row in kept() if row.surface == surface and row.name != "auth"]
    refused = refusals(stack, surface, token[f"{role}-socket"], rows)
    wrong = [row.name for row in rows if refused[row.name] is row.allowed[place]]
    measured(31, f"methods of the {surface} socket that do otherwise for {role}, of {len(rows)}", len(wrong), "0")
    assert wrong == []


def test_market_data_beyond_an_entitlement_is_refused_symbol_by_symbol(stack: Stack, token: dict[str, str]) -> None:
    """The user `bound` has data of XNYS only."""
    with connect(f"{stack.url.replace('http', 'ws')}/ws/v1/market") as socket:
        socket.send(json.dumps({"id": 0, "method": "auth", "params": {"accessToken": token["bound"]}}))
        answer_to(socket, 0)
        told = {}
        for number, symbols in enumerate((["AAPL", "IBM"], ["AAPL"]), 1):
            params = {"channel": "quotes", "symbols": symbols}
            socket.send(json.dumps({"id": number, "method": "subscribe", "params": params}))
            told[number] = answer_to(socket, number)
    assert told[1]["result"]["symbols"] == {"AAPL": {"status": "error", "code": "FORBIDDEN"}, "IBM": {"status": "ok"}}
    assert told[2]["error"]["code"] == "FORBIDDEN"


# Another user's things -----------------------------------------------------------------------------------------------

#: A body that each verb takes, so that a foreign id is all that is wrong.
BODIES: dict[str, dict[str, Any]] = {
    "session_id": {"name": "mine now"},
    "order_id": {"quantity": "2"},
    "factor_id": {"code": "123456"},
    "alert_id": {"note": "mine now"},
    "notification_id": {"isRead": True},
    "workspace_id": {"name": "mine now", "layout": {}},
    "watchlist_id": {"name": "mine now"},
    "item_id": {"displayOrder": 0},
}


def body_for(row: Row) -> dict[str, Any]:
    if row.name.endswith("/items"):
        return {"items": []} if row.method == "PUT" else {"symbol": "MSFT", "exchange": "XNAS"}
    return BODIES.get(row.name.rpartition("<uuid:")[2].partition(">")[0], {})


@pytest.fixture(scope="module")
def others(stack: Stack, token: dict[str, str]) -> dict[str, str]:
    """Ids of trader2's."""
    given = {name: token[name] for name in ("key_id", "notification_id", "limit_id")}
    with stack.client("trader2") as client:
        return {**given, **made_by(client)}


def state(stack: Stack, others: dict[str, str]) -> list[str]:
    """All that trader2 has, as he reads it."""
    paths = [row for row in with_ids() if row.method == "GET"]
    with stack.client("trader2") as client:
        return [client.get(path_with(row, others).removeprefix("/api/v1")).text for row in paths]


def test_foreign_ids_are_404_on_every_endpoint_and_nothing_changes(
    stack: Stack, others: dict[str, str], measured: Measured
) -> None:
    """Of what a trader never does, he learns no more than that: 403, whatever is there."""
    before, found, trader = state(stack, others), [], list(PEOPLE).index("trader")
    with httpx.Client(base_url=stack.url, headers=bearer(stack, "trader1"), timeout=15) as client:
        for row in with_ids():
            body = {"json": body_for(row)} if row.method in ("POST", "PUT", "PATCH") else {}
            answer = client.request(row.method, path_with(row, others), headers={"If-Match": "*"}, **body)  # type: ignore[arg-type]
            if answer.status_code != (404 if row.allowed[trader] else 403):
                found.append(f"{row.method} {row.name}: {answer.status_code} {answer.text[:200]}")
    measured(31, f"verbs that answer a foreign id as if it were there, of {len(with_ids())}", len(found), "0")
    assert found == []
    assert [text.partition('"lastActive"')[0] for text in state(stack, others)] == [
        text.partition('"lastActive"')[0] for text in before
    ]


def bearer(stack: Stack, username: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.token(username)}"}


def test_no_list_shows_what_is_another_users(stack: Stack, others: dict[str, str], measured: Measured) -> None:
    with stack.client("trader1") as client:
        texts = {path: client.get(path, params={"symbols": "AAPL", "limit": "1000"}).text for path in lists()}
        texts |= {f"{path} plain": client.get(path).text for path in lists()}
    leaks = [f"{path}: {name}" for path, text in texts.items() for name, each in others.items() if each in text]
    measured(31, f"foreign ids in {len(texts)} lists", len(leaks), "0")
    assert leaks == []


def test_no_socket_shows_or_changes_what_is_another_users(
    stack: Stack, others: dict[str, str], measured: Measured
) -> None:
    seen = ""
    with stack.ws_sync("/ws/v1/trading", "trader1") as socket:
        for number, channel in enumerate(("orders", "executions", "positions", "alerts", "notifications", "system")):
            socket.send(json.dumps({"id": number, "method": "subscribe", "params": {"channel": channel}}))
            seen += json.dumps(answer_to(socket, number)) + str(socket.recv(timeout=10))
        for number, method in enumerate(("order.cancel", "order.replace"), 100):
            params = {"id": others["order_id"], **({"quantity": "2"} if method == "order.replace" else {})}
            socket.send(json.dumps({"id": number, "method": method, "params": params}))
            assert answer_to(socket, number)["error"]["code"] == "NOT_FOUND"
    leaks = [name for name, each in others.items() if each in seen]
    measured(31, "foreign ids in the snapshots of the trading socket", len(leaks), "0")
    assert leaks == []


READ_ONLY = ("id", "userId", "user", "account", "status", "isTriggered", "filledQuantity", "version", "createdAt")


def test_fields_that_are_not_the_callers_to_write_are_never_taken(
    stack: Stack, token: dict[str, str], measured: Measured
) -> None:
    """Refused, or where a verb takes no body at all not looked at; `/me/preferences` is whatever its owner puts."""
    body = dict.fromkeys(READ_ONLY, token["user_id"])
    rows = [row for row in kept() if row.surface == "rest" and row.method in ("POST", "PUT", "PATCH")]
    taken = []
    with httpx.Client(base_url=stack.url, headers=bearer(stack, "trader1"), timeout=15) as client:
        for row in rows:
            if row.name.endswith("/me/preferences") or row.function == PUBLIC:
                continue
            answer = client.request(row.method, path_of(row), json=body, headers={"If-Match": "*"})
            if answer.is_success and token["user_id"] in answer.text:
                taken.append(f"{row.method} {row.name}")
            assert answer.status_code < 500, answer.text
    measured(31, f"verbs that take a read-only field, of {len(rows)}", len(taken), "0")
    assert taken == []


# A program's order ---------------------------------------------------------------------------------------------------


def test_a_signed_order_names_its_signature_in_its_history_and_verifies_from_the_database(
    stack: Stack, token: dict[str, str], measured: Measured
) -> None:
    program = Program(bytes.fromhex(token["private"]), token["program"])
    body = as_body({**ORDER, "clientOrderId": f"signed-{uuid4().hex}"})
    headers = {"Content-Type": "application/json", **program.headers("POST", f"{stack.api}/orders", body)}
    answer = httpx.post(f"{stack.api}/orders", content=body, headers=headers, timeout=15)
    assert answer.status_code == 201, answer.text
    again = httpx.post(f"{stack.api}/orders", content=body, headers=headers, timeout=15)
    assert (again.status_code, again.json()["code"]) == (401, "NONCE_USED")
    url = f"{stack.api}/orders/{answer.json()['id']}/history"
    history = httpx.get(url, headers=program.headers("GET", url), timeout=15).json()["items"]
    signed = history[0]["statusDetails"]["signedRequest"]
    status, good = verified(stack)
    measured(36, "orders of a running stack whose signature verifies from its database, of 1", int(signed in good), "1")
    assert (history[0]["kind"], status, signed in good) == ("order_accepted", 0, True)


def verified(stack: Stack) -> tuple[int, list[str]]:
    """What `manage.py verify_signatures` ends with, and the ids of the requests that it finds good."""
    command = [sys.executable, "manage.py", "verify_signatures", "--json"]
    environment = {**os.environ, "TMW_DATA_DIR": str(stack.data_dir)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return told.returncode, [line["id"] for line in lines if not line["fault"]]


# Anything that the document allows -----------------------------------------------------------------------------------

#: They end the session that asks: each example asks in another one, of a user whom nobody else needs.
ENDS_IT = {"sessions_end", "session_end", "logout"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def ask_for(operation: Any, headers: Callable[[], dict[str, str]], asked: Counter[str]) -> None:
    """Generated requests of one operation, each with `headers()`."""

    @seed(31)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        asked[case.operation.label] += 1
        answer = case.call_and_validate(headers=headers(), checks=CHECKS)
        named = case.operation.definition.raw["responses"]  # `default` is for problems only
        assert answer.status_code >= 400 or str(answer.status_code) in named

    answered()


def test_generated_requests_over_the_whole_document_are_answered_as_it_says(
    stack: Stack, token: dict[str, str], measured: Measured
) -> None:
    document = schemathesis.openapi.from_url(f"{stack.api}/openapi.json")
    spares = iter(token["spares"].split())
    asked: Counter[str] = Counter()
    faults: dict[str, str] = {}

    def of_a_spare() -> dict[str, str]:
        return {"Authorization": f"Bearer {next(spares, 'spent')}"}

    def of_one() -> dict[str, str]:
        return {"Authorization": f"Bearer {token['trader-socket']}"}

    for operation in (found.ok() for found in document.get_all_operations()):
        ends_it = operation.definition.raw.get("operationId") in ENDS_IT
        try:
            ask_for(operation, of_a_spare if ends_it else of_one, asked)
        except Exception as error:
            faults[operation.label] = str(error)[:600]
    measured(31, f"generated requests with a 5xx or an undocumented answer, of {asked.total()}", len(faults), "0")
    assert asked.total() > 3 * len(asked) > 200
    assert faults == {}
