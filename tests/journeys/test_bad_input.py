"""Does each kind of bad input get its named answer, and does everything else go on as before?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import zmq
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bridge.sockets.curve import KeyRing, Role
from tests.scoreboard import Measured
from tests.stack import DEMO_PASSWORD, Stack, wait_for

ORDER = {"clientOrderId": "bad-1", "symbol": "AAPL", "side": "buy", "orderType": "limit", "timeInForce": "day"}
ORDER |= {"quantity": "10", "price": "1.00"}
WITHOUT = object()

BAD_ORDERS = [
    ("an unknown symbol", {"symbol": "NOPE"}, "UNKNOWN_INSTRUMENT"),
    ("a price off the tick", {"price": "1.005"}, "OFF_TICK"),
    ("a quantity off the lot", {"quantity": "1.5"}, "OFF_LOT"),
    ("a negative quantity", {"quantity": "-5"}, None),
    ("no quantity at all", {"quantity": "0"}, None),
    ("a quantity that is no number", {"quantity": "many"}, None),
    ("a quantity that is not finite", {"quantity": "NaN"}, None),
    ("a quantity beyond 64 bits", {"quantity": "99999999999999999999"}, None),
    ("a quantity as a list", {"quantity": ["1"]}, None),
    ("a limit order without price", {"price": WITHOUT}, None),
    ("a market order with a price", {"orderType": "market"}, None),
    ("a stop order without stop price", {"orderType": "stop", "price": WITHOUT}, None),
    ("an unknown field", {"leverage": "10"}, None),
    ("an unknown side", {"side": "both"}, None),
    ("a client order id with a space", {"clientOrderId": "a b"}, None),
    ("a client order id that is too long", {"clientOrderId": "x" * 49}, None),
    ("no client order id", {"clientOrderId": WITHOUT}, None),
]


@pytest.fixture(scope="module")
def trader(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client("trader1") as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_else_is_disturbed(stack: Stack) -> Iterator[None]:
    """After every test: all parts are the same processes, all healthy, and no traceback was logged."""
    before = stack.pids()
    yield
    assert stack.pids() == before
    assert httpx.get(f"{stack.url}/readyz").status_code == 200
    assert "Traceback" not in stack.log, stack.tail()


def assert_problem(answer: httpx.Response, status: int, code: str | None) -> dict[str, Any]:
    """The one error shape; `code` None takes any."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    problem = dict(answer.json())
    assert {"type", "title", "status", "detail", "instance", "code", "errors", "requestId"} <= problem.keys()
    assert code in (None, problem["code"]), problem
    return problem


@pytest.mark.parametrize(("changes", "code"), [row[1:] for row in BAD_ORDERS], ids=[row[0] for row in BAD_ORDERS])
def test_a_bad_order_is_refused_and_its_id_is_not_used_up(
    trader: httpx.Client, changes: dict[str, Any], code: str | None
) -> None:
    body = {name: value for name, value in {**ORDER, **changes}.items() if value is not WITHOUT}
    problem = assert_problem(trader.post("/orders", json=body), 422, code)
    assert problem["errors"] or code, problem
    assert_problem(trader.get(f"/orders/by-client-id/{ORDER['clientOrderId']}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1,2", b"{'a':1}", b'{"a":NaN}'])
def test_a_body_that_is_no_json_is_told(trader: httpx.Client, body: bytes) -> None:
    answer = trader.post("/orders", content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "MALFORMED_BODY")


def test_a_body_without_a_bottom_is_told(trader: httpx.Client) -> None:
    answer = trader.post("/orders", content=b"[" * 30_000, headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "DEEP_JSON")


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/auth/login", "/admin/", "/no/such/path", "/"])
def test_a_body_of_ten_megabytes_is_refused_on_every_path(stack: Stack, path: str) -> None:
    answer = httpx.post(f"{stack.url}{path}", content=b"x" * 10_000_000, headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/orders", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/orders/not-a-uuid", 404, "NOT_FOUND"),
        ("GET", "/orders?limit=0", 422, None),
        ("GET", "/orders?limit=1001", 422, None),
        ("GET", "/orders?pageToken=garbage", 422, None),
        ("GET", "/orders?status=half", 422, None),
        ("GET", "/quotes?symbols=NOPE", 404, None),
        ("GET", "/books/NOPE", 404, None),
        ("GET", "/books/AAPL?depth=-1", 422, None),
        ("GET", "/instruments/NOPE", 404, "UNKNOWN_INSTRUMENT"),
        ("GET", "/events?since=-1", 422, None),
        ("GET", "/nothing", 404, "NOT_FOUND"),
    ],
)
def test_a_bad_path_verb_or_parameter_is_told(
    trader: httpx.Client, method: str, path: str, status: int, code: str | None
) -> None:
    assert_problem(trader.request(method, path), status, code)


def test_foreign_orders_look_as_if_they_were_not_there(stack: Stack, trader: httpx.Client, measured: Measured) -> None:
    order = trader.post("/orders", json={**ORDER, "clientOrderId": "mine-1"}).raise_for_status().json()
    with stack.client("trader2") as other:
        paths = (f"/orders/{order['id']}", f"/orders/{order['id']}/history", "/orders/by-client-id/mine-1")
        answers = [*(other.get(path) for path in paths), other.delete(f"/orders/{order['id']}")]
        leaks = sum(answer.status_code != 404 for answer in answers)
        measured(31, "reads and writes of another's order that were not 404", f"{leaks} of {len(answers)}", "0")
        for answer in answers:
            assert_problem(answer, 404, "NOT_FOUND")
        assert all(item["id"] != order["id"] for item in other.get("/orders?status=all").json()["items"])
    assert trader.get(f"/orders/{order['id']}").json()["status"] == "new"


def test_wrong_credentials_and_tokens_are_refused_alike(stack: Stack) -> None:
    for username in ("trader1", "nobody-of-that-name"):
        body = {"username": username, "password": "wrong"}
        assert_problem(httpx.post(f"{stack.api}/auth/login", json=body), 401, "INVALID_CREDENTIALS")
    for token in ("garbage", stack.token("trader1")[:-4] + "AAAA"):
        answer = httpx.get(f"{stack.api}/orders", headers={"Authorization": f"Bearer {token}"})
        assert_problem(answer, 401, None)
    assert_problem(httpx.get(f"{stack.api}/orders"), 401, "AUTHENTICATION_REQUIRED")


def test_the_same_client_order_id_is_answered_again_and_refused_for_another_body(
    trader: httpx.Client, measured: Measured
) -> None:
    order = {**ORDER, "clientOrderId": "twice-1"}
    first, again = trader.post("/orders", json=order), trader.post("/orders", json={**order, "price": "1.0"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    answer = trader.post("/orders", json={**order, "price": "2.00"})
    assert_problem(answer, 409, "CLIENT_ORDER_ID_REUSED")
    measured(7, "orders from the same body twice", len({first.json()["id"], again.json()["id"]}), "1")
    measured(7, "answer to the same id with another body", answer.status_code, "409")


# --- sockets --------------------------------------------------------------------------------------------------------
def close_code(url: str) -> int:
    """The code with which the server closes, having sent nothing before."""
    with connect(url, proxy=None) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=15)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


@pytest.mark.parametrize("path", ["/ws/v1/market", "/ws/v1/trading"])
def test_a_used_or_invented_ticket_closes_the_socket_with_4500(stack: Stack, path: str, measured: Measured) -> None:
    url = stack.ws_url(path, "trader1")
    with connect(url, proxy=None) as socket:
        socket.send('{"id":1,"method":"ping"}')
        assert answered(socket)["status"] == "ok"
    codes = [close_code(url), close_code(f"{stack.ws_url(path, None)}?ticket=invented")]
    measured(34, f"{path}: close codes of a used and an invented ticket", codes, "4500")
    assert codes == [4500, 4500]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_origin_is_refused_before_the_socket_opens(stack: Stack, origin: str, measured: Measured) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(stack.ws_url("/ws/v1/market", "trader1"), additional_headers={"Origin": origin}, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403
    measured(34, f"answer to the handshake with Origin {origin}", refused.value.response.status_code, "403")


@pytest.mark.parametrize("frame", ["{", "[]", "null", '{"id":{},"method":"ping"}', "[" * 20_000, "\x00"])
def test_a_malformed_json_frame_is_answered_and_the_socket_lives(stack: Stack, frame: str) -> None:
    with stack.ws_sync("/ws/v1/trading", "trader1") as socket:
        socket.send(frame)
        assert answered(socket)["error"]["code"] == "MALFORMED_FRAME"
        socket.send('{"id":2,"method":"ping","futureField":1}')
        assert answered(socket)["status"] == "ok"


@pytest.mark.parametrize("frame", [b"\xc1", b"\x93\x01", b"", b"\xdf\xff\xff\xff\xff", b"\x81\xa1a" * 10_000])
def test_a_malformed_messagepack_frame_is_answered_and_the_socket_lives(stack: Stack, frame: bytes) -> None:
    with stack.ws_sync("/ws/v1/market", "trader1", "tmw.msgpack.v1") as socket:
        socket.send(frame)
        assert answered(socket, msgspec.msgpack.decode)["error"]["code"] == "MALFORMED_FRAME"
        socket.send(msgspec.msgpack.encode({"id": 2, "method": "nothing"}))
        assert answered(socket, msgspec.msgpack.decode)["error"]["code"] == "UNKNOWN_METHOD"


def answered(socket: ClientConnection, read: Callable[[Any], Any] = json.loads) -> Any:
    """The next answer; heartbeats may come before it."""
    frame = read(socket.recv(timeout=5))
    return answered(socket, read) if "channel" in frame else frame


def test_unknown_symbols_channels_and_params_are_named(stack: Stack) -> None:
    def ask(params: object) -> Any:
        socket.send(json.dumps({"id": 7, "method": "subscribe", "params": params}))
        return answered(socket)

    with stack.ws_sync("/ws/v1/market", "trader1") as socket:
        partly = ask({"channel": "quotes", "symbols": ["AAPL", "NOPE"]})
        assert partly["result"]["symbols"]["AAPL"]["status"] == "ok"
        assert partly["result"]["symbols"]["NOPE"] == {"status": "error", "code": "UNKNOWN_SYMBOL"}
        assert ask({"channel": "weather", "symbols": ["AAPL"]})["error"]["code"] == "UNKNOWN_CHANNEL"
        assert ask({"channel": "quotes"})["error"]["code"] == "INVALID_PARAMS"
        assert ask({"channel": "quotes", "symbols": "AAPL"})["error"]["code"] == "INVALID_PARAMS"
        assert ask([1, 2])["error"]["code"] == "INVALID_PARAMS"


# --- ZeroMQ -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def context() -> Iterator[zmq.Context[Any]]:
    context: zmq.Context[Any] = zmq.Context()
    yield context
    context.destroy(linger=0)


def handshake(context: zmq.Context[Any], address: str, prepare: Any, kind: int) -> int:
    """How the handshake of a socket of that kind ends: one of ZeroMQ's monitor events."""
    with context.socket(kind) as socket:
        prepare(socket)
        with socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | FAILED) as monitor:
            socket.connect(address)
            assert monitor.poll(5000), "no end of the handshake"
            event = int.from_bytes(monitor.recv_multipart()[0][:2], "little")
            socket.disable_monitor()
    return event


FAILED = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
SERVERS = [
    ("engine_commands", Role.ENGINE, Role.ORDER_BRIDGE, zmq.DEALER),
    ("engine_queries", Role.ENGINE, Role.FEED_BRIDGE, zmq.REQ),
    ("order_requests", Role.ORDER_BRIDGE, Role.WEB, zmq.DEALER),
    ("feed_state", Role.FEED_BRIDGE, Role.WEB, zmq.DEALER),
    ("layer_publish", Role.LAYER, Role.WEB, zmq.PUB),
]


@pytest.mark.parametrize(("name", "server", "client", "kind"), SERVERS, ids=[row[0] for row in SERVERS])
def test_only_known_keys_of_the_right_role_get_in(
    stack: Stack, context: zmq.Context[Any], name: str, server: Role, client: Role, kind: int, measured: Measured
) -> None:
    keys, address = KeyRing(stack.data_dir / "keys"), stack.addresses[name]

    def stranger(socket: zmq.Socket[Any]) -> None:
        socket.curve_serverkey = keys.public(server)
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()

    wrong = Role.RECORDER if server is not Role.ENGINE else Role.WEB
    bad = (stranger, lambda socket: None, lambda socket: keys.connect(socket, wrong, server))
    ends = [handshake(context, address, prepare, kind) for prepare in bad]
    measured(
        37, f"{name}: let in without a key, unknown, of the wrong role", sum(not end & FAILED for end in ends), "0"
    )
    assert all(end & FAILED for end in ends)
    known = handshake(context, address, lambda socket: keys.connect(socket, client, server), kind)
    assert known == zmq.EVENT_HANDSHAKE_SUCCEEDED


@pytest.mark.parametrize("name", ["order_requests", "feed_state"])
def test_malformed_requests_between_processes_are_survived(stack: Stack, context: zmq.Context[Any], name: str) -> None:
    server = {"order_requests": Role.ORDER_BRIDGE, "feed_state": Role.FEED_BRIDGE}[name]
    socket = context.socket(zmq.DEALER)
    KeyRing(stack.data_dir / "keys").connect(socket, Role.WEB, server)
    socket.connect(stack.addresses[name])
    for frames in ([b""], [b"\xc1"], [b"x" * 100_000], [b"a", b"b", b"c"], [b"\x81\xa4type\xa4Nope"]):
        socket.send_multipart(frames)
    with stack.client("trader1") as trader:
        placed = trader.post("/orders", json={**ORDER, "clientOrderId": f"after-{name}"})
    assert placed.status_code == 201
    wait_for(lambda: httpx.get(f"{stack.url}/readyz").status_code == 200, 10, "still ready", stack.tail)


def test_no_log_holds_a_password_a_token_or_a_ticket(stack: Stack, measured: Measured) -> None:
    with stack.ws_sync("/ws/v1/market", "trader1") as socket:
        socket.send('{"id":1,"method":"ping"}')
        socket.recv(timeout=5)
    logs = stack.log + "".join(path.read_text(errors="replace") for path in Path(stack.data_dir).rglob("*.log"))
    found = sum(logs.count(secret) for secret in ("ticket=", DEMO_PASSWORD, stack.token("trader1")))
    measured(34, "passwords, tickets and tokens in the logs of a stack", found, "0")
    assert found == 0
