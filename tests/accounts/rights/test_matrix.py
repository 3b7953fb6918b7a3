"""Is the matrix of roles and functions complete, and is it what a running stack does?"""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.accounts.rights.matrix import FILE, PEOPLE, PUBLIC, Row, kept, written
from tests.accounts.rights.people import tokens
from tests.scoreboard import Measured
from tests.stack import Stack

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
