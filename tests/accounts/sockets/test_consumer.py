"""Does a socket behave as the contract says? Real frames of a real client to a real server."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import msgspec
import pytest
from channels.routing import URLRouter
from django.conf import settings
from django.urls import path
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts.models import Session, SocketTicket, User
from accounts.policy import Role
from accounts.services import TokenPair, session_begin, session_end, ticket_issue
from accounts.sockets import AuthenticatedConsumer, Later, Nothing, OriginGuard
from accounts.sockets.in_flight import IN_FLIGHT_MAX
from accounts.sockets.watch import SessionWatch
from tests.accounts.conftest import HERE
from tests.roles import in_roles
from tests.served import served
from tests.stack import wait_for
from tradingmw import asgi as asgi  # which registers what a process that stops tells its sockets
from tradingmw.errors import Code, Conflict

# Committed rows, as the server's threads must see them. Naming the apps spares making all permissions after each test.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
ORIGIN = "http://screens.example:8000"


class Point(msgspec.Struct):
    x: int


class Slow(msgspec.Struct):
    """`gate` names what the answer waits for."""

    gate: str


GATES: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)


class EchoConsumer(AuthenticatedConsumer):
    """Answers with what it was asked."""

    left: list[str] = []

    async def on_disconnect(self) -> None:
        self.left.append(self.user.username)

    async def echo(self, params: dict[str, Any]) -> Any:
        return params

    async def point(self, params: dict[str, Any]) -> Any:
        return msgspec.convert(params, Point)

    async def refuse_it(self, params: dict[str, Any]) -> Any:
        fault = {"attr": "id", "code": "invalid", "detail": "No."}
        raise Conflict("It is final.", code=Code.ORDER_FINAL, errors=[fault], retry_after_seconds=2, outcome="none")

    async def fail(self, params: dict[str, Any]) -> Any:
        raise ZeroDivisionError

    async def slow(self, params: Slow) -> Later[Slow]:
        return Later(self._slow(params))

    async def _slow(self, params: Slow) -> Slow:
        await GATES[params.gate].wait()
        return params

    async def open_gate(self, params: Slow) -> Nothing:
        GATES[params.gate].set()
        return Nothing()

    async def push_two(self, params: dict[str, Any]) -> Any:
        await self.push({"channel": "a"})
        await self.push({"channel": "b"})
        return {}

    methods = {
        "echo": echo,
        "point": point,
        "refuse": refuse_it,
        "fail": fail,
        "pushTwo": push_two,
        "slow": slow,
        "open": open_gate,
    }


class HastyConsumer(AuthenticatedConsumer):
    auth_seconds = 0.05


class BriefConsumer(AuthenticatedConsumer):
    burst_messages, messages_per_second = 50, 1


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    consumers = {"echo": EchoConsumer, "hasty": HastyConsumer, "brief": BriefConsumer}
    routes = [path(name, consumer.as_asgi()) for name, consumer in consumers.items()]
    with served(OriginGuard(URLRouter(routes), [ORIGIN])) as address:
        yield address


@pytest.fixture
def ticket(session: Session) -> str:
    return ticket_issue(session=session).text


def opened(address: str, ticket: str = "", **options: Any) -> ClientConnection:
    query = f"?ticket={ticket}" if ticket else ""
    return connect(f"ws://{address}/echo{query}", proxy=None, **options)


def ask(socket: ClientConnection, method: str, params: Any = None, request_id: Any = 1) -> Any:
    socket.send(json.dumps({"id": request_id, "method": method, "params": params}))
    return json.loads(socket.recv(timeout=10))


def close_code(socket: ClientConnection) -> int:
    """The code that the server closes with, before it sends anything."""
    with pytest.raises(ConnectionClosed) as caught:
        socket.recv(timeout=10)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def error_code(answer: Any) -> str:
    assert answer["status"] == "error"
    return str(answer["error"]["code"])


# Entering ------------------------------------------------------------------------------------------------------------


def test_a_ticket_in_the_address_opens_the_socket(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        assert ask(socket, "ping", request_id="a")["status"] == "ok"


def test_a_ticket_in_the_first_message_opens_it_too(address: str, ticket: str, session: Session) -> None:
    with opened(address) as socket:
        answer = ask(socket, "auth", {"ticket": ticket})
        assert answer["result"]["username"] == "trader"
        assert answer["result"]["sessionId"] == str(session.id)


def test_an_access_token_in_the_first_message_opens_it_too(address: str, login: TokenPair) -> None:
    with opened(address) as socket:
        assert ask(socket, "auth", {"accessToken": login.access_token})["id"] == 1


def test_a_ticket_opens_one_socket_only(address: str, ticket: str) -> None:
    with opened(address, ticket), opened(address, ticket) as second:
        assert close_code(second) == 4500


def test_a_late_ticket_is_accepted_and_closed(address: str, ticket: str, session: Session) -> None:
    SocketTicket.objects.update(expires_at=session.created_at)
    with opened(address, ticket) as socket:
        assert close_code(socket) == 4500


@pytest.mark.parametrize("query", ["ticket=forged", "ticket=", "ticket=%00%ff", "ticket=a&ticket=b"])
def test_a_bad_ticket_is_accepted_and_closed(address: str, query: str) -> None:
    with connect(f"ws://{address}/echo?{query}", proxy=None) as socket:
        assert close_code(socket) == 4500


@pytest.mark.parametrize("params", [None, {}, [], {"ticket": 7}, {"ticket": "forged"}, {"accessToken": "a.b.c"}])
def test_a_first_message_that_proves_nothing_closes(address: str, params: Any) -> None:
    with opened(address) as socket:
        socket.send(json.dumps({"id": 1, "method": "auth", "params": params}))
        assert close_code(socket) == 4500


def test_who_says_nothing_is_closed(address: str) -> None:
    with connect(f"ws://{address}/hasty", proxy=None) as socket:
        assert close_code(socket) == 4502


def test_nothing_is_answered_before_auth_but_that(address: str, ticket: str) -> None:
    with opened(address) as socket:
        assert error_code(ask(socket, "echo")) == "AUTHENTICATION_REQUIRED"
        assert ask(socket, "auth", {"ticket": ticket})["status"] == "ok"


@pytest.mark.parametrize(
    "origin", ["null", "http://screens.example", "https://screens.example:8000", "http://a.example"]
)
def test_a_foreign_origin_gets_403_before_the_accept(address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        opened(address, origin=origin)
    assert caught.value.response.status_code == 403


def test_our_own_origin_is_accepted(address: str, ticket: str) -> None:
    with opened(address, ticket, origin=ORIGIN) as socket:
        assert ask(socket, "ping")["status"] == "ok"


# Staying -------------------------------------------------------------------------------------------------------------


def test_auth_again_moves_the_socket_to_the_newer_session(address: str, ticket: str, trader: User) -> None:
    newer = session_begin(user=trader, client=HERE)
    with opened(address, ticket) as socket:
        answer = ask(socket, "auth", {"accessToken": newer.access_token})
        assert answer["result"]["sessionId"] == str(newer.session.id)
        session_end(session=newer.session, client=HERE)
        assert close_code(socket) == 4503


def test_auth_by_another_user_changes_nothing(address: str, ticket: str, make_user: Callable[[str], User]) -> None:
    other = session_begin(user=make_user("other"), client=HERE)
    with opened(address, ticket) as socket:
        assert error_code(ask(socket, "auth", {"accessToken": other.access_token})) == "FORBIDDEN"
        assert ask(socket, "echo", {"a": 1})["result"] == {"a": 1}


def test_a_bad_token_later_is_an_error_only(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        assert error_code(ask(socket, "auth", {"accessToken": "a.b.c"})) == "INVALID_TOKEN"
        assert ask(socket, "ping")["status"] == "ok"


def test_logout_closes_the_socket(address: str, ticket: str, session: Session) -> None:
    with opened(address, ticket) as socket:
        assert ask(socket, "ping")["status"] == "ok"
        session_end(session=session, client=HERE)
        assert close_code(socket) == 4503


def test_a_logout_in_another_process_closes_the_socket(address: str, ticket: str, session: Session) -> None:
    with opened(address, ticket) as socket:
        assert ask(socket, "ping")["status"] == "ok"
        Session.objects.update(ended_at=session.created_at)  # as another process does it: this one is not told
        assert close_code(socket) == 4503


def test_a_deactivated_user_is_closed_out(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        assert ask(socket, "ping")["status"] == "ok"
        User.objects.update(is_active=False)
        assert close_code(socket) == 4503


def test_a_consumer_is_told_when_its_client_left(address: str, ticket: str) -> None:
    EchoConsumer.left.clear()
    with opened(address, ticket) as socket:
        ask(socket, "ping")
    wait_for(lambda: EchoConsumer.left == ["trader"], 10, "on_disconnect")


# Asking --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_id", [7, "seven", "", None, -1])
def test_the_id_of_a_request_comes_back(address: str, ticket: str, request_id: Any) -> None:
    with opened(address, ticket) as socket:
        assert ask(socket, "echo", {"a": [1]}, request_id) == {"id": request_id, "status": "ok", "result": {"a": [1]}}


def test_unknown_fields_are_ignored(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        socket.send('{"id":1,"method":"echo","trace":"x"}')
        assert json.loads(socket.recv(timeout=10))["result"] == {}


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nothing", {}, "UNKNOWN_METHOD"),
        ("_auth", {}, "UNKNOWN_METHOD"),
        ("echo", [], "INVALID_PARAMS"),
        ("echo", 7, "INVALID_PARAMS"),
        ("point", {"x": "no number"}, "INVALID_PARAMS"),
        ("refuse", {}, "ORDER_FINAL"),
        ("fail", {}, "INTERNAL_ERROR"),
    ],
)
def test_a_request_that_cannot_be_served_is_answered(
    address: str, ticket: str, method: str, params: Any, code: str
) -> None:
    with opened(address, ticket) as socket:
        assert error_code(ask(socket, method, params)) == code
        assert ask(socket, "ping")["status"] == "ok"


def test_a_refusal_has_the_members_of_the_problem(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        assert ask(socket, "refuse")["error"] == {
            "code": "ORDER_FINAL",
            "message": "It is final.",
            "errors": [{"attr": "id", "code": "invalid", "detail": "No."}],
            "retryAfterSeconds": 2,
            "outcome": "none",
        }


def test_params_that_do_not_fit_are_told_with_their_place(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        assert "$.x" in ask(socket, "point", {"x": "no number"})["error"]["message"]


def test_what_is_answered_later_is_overtaken_by_what_is_not(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        gate = {"gate": ticket}
        socket.send(json.dumps({"id": "slow", "method": "slow", "params": gate}))
        assert ask(socket, "echo", {"a": 1}, "quick")["id"] == "quick"
        assert ask(socket, "open", gate, "open")["id"] == "open"
        assert json.loads(socket.recv(timeout=10)) == {"id": "slow", "status": "ok", "result": gate}


def test_so_many_are_in_flight_and_one_more_is_refused(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        gate = {"gate": ticket}
        for number in range(IN_FLIGHT_MAX):
            socket.send(json.dumps({"id": number, "method": "slow", "params": gate}))
        assert error_code(ask(socket, "slow", gate, "over")) == "TOO_MANY_REQUESTS_IN_FLIGHT"
        ask(socket, "open", gate, "open")
        assert [json.loads(socket.recv(timeout=10))["id"] for _ in range(IN_FLIGHT_MAX)] == list(range(IN_FLIGHT_MAX))
        assert ask(socket, "slow", gate)["status"] == "ok"


def test_who_leaves_waits_for_no_answer(address: str, ticket: str) -> None:
    EchoConsumer.left.clear()
    with opened(address, ticket) as socket:
        socket.send(json.dumps({"id": 1, "method": "slow", "params": {"gate": ticket}}))
        ask(socket, "ping")
    wait_for(lambda: EchoConsumer.left == ["trader"], 10, "on_disconnect")


def test_who_asks_without_end_is_closed_with_4013(address: str, ticket: str) -> None:
    with connect(f"ws://{address}/brief?ticket={ticket}", proxy=None) as socket:
        with suppress(ConnectionClosed):  # the server may be the first to end it
            for number in range(10 * BriefConsumer.burst_messages):
                socket.send(json.dumps({"id": number, "method": "ping"}))
        with pytest.raises(ConnectionClosed) as caught:
            for number in range(10 * BriefConsumer.burst_messages):
                assert json.loads(socket.recv(timeout=10))["id"] == number
    assert caught.value.rcvd and caught.value.rcvd.code == 4013


def test_a_server_that_stops_says_when_to_come_back_also_to_who_has_not_said_who_he_is(ticket: str) -> None:
    with ExitStack() as stack:
        with served(URLRouter([path("echo", EchoConsumer.as_asgi())])) as address:
            known = stack.enter_context(opened(address, ticket))
            ask(known, "ping")
            unknown = stack.enter_context(opened(address))
        for socket in (known, unknown):
            notice = json.loads(socket.recv(timeout=10))
            assert (notice["channel"], notice["type"]) == ("system", "update")
            assert {"part": "web", "state": "shutdown"}.items() <= notice["data"][0].items()
            assert close_code(socket) == 4001


async def test_who_comes_while_the_process_ends_is_not_let_in() -> None:
    watch = SessionWatch(1)
    await watch.shut_down()
    assert not watch.arrive(EchoConsumer())


@pytest.mark.parametrize("frame", ["", "{", "[]", "null", '{"id":1,"method":[]}', b"\x81\xa1a\x01", b""])
def test_a_malformed_frame_is_answered(address: str, ticket: str, frame: str | bytes) -> None:
    with opened(address, ticket) as socket:
        socket.send(frame)
        assert error_code(json.loads(socket.recv(timeout=10))) == "MALFORMED_FRAME"
        assert ask(socket, "ping")["status"] == "ok"


def test_answers_come_in_the_order_of_the_requests(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        for number in range(50):
            socket.send(json.dumps({"id": number, "method": "echo"}))
        assert [json.loads(socket.recv(timeout=10))["id"] for _ in range(50)] == list(range(50))


def test_what_is_pushed_before_an_answer_arrives_before_it(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        socket.send('{"id":1,"method":"pushTwo"}')
        frames = [json.loads(socket.recv(timeout=10)) for _ in range(3)]
        assert [frame.get("channel") or frame["id"] for frame in frames] == ["a", "b", 1]


def test_a_frame_that_is_too_large_ends_the_socket(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        socket.send(json.dumps({"id": 1, "method": "echo", "params": {"a": "x" * 70_000}}))
        assert close_code(socket) == 1009


# Formats -------------------------------------------------------------------------------------------------------------


def test_messagepack_says_the_same(address: str, ticket: str) -> None:
    with opened(address, ticket, subprotocols=["tmw.msgpack.v1"]) as socket:
        assert socket.subprotocol == "tmw.msgpack.v1"
        socket.send(msgspec.msgpack.encode({"id": 1, "method": "echo", "params": {"a": "1.5"}}))
        assert msgspec.msgpack.decode(socket.recv(timeout=10)) == {"id": 1, "status": "ok", "result": {"a": "1.5"}}


def test_a_malformed_messagepack_frame_is_answered_in_messagepack(address: str, ticket: str) -> None:
    with opened(address, ticket, subprotocols=["tmw.msgpack.v1"]) as socket:
        socket.send(b"\xc1")
        assert error_code(msgspec.msgpack.decode(socket.recv(timeout=10))) == "MALFORMED_FRAME"


def test_the_first_subprotocol_that_we_speak_is_chosen(address: str, ticket: str) -> None:
    with opened(address, ticket, subprotocols=["tmw.json.v9", "tmw.json.v1"]) as socket:
        assert socket.subprotocol == "tmw.json.v1"


def test_without_a_subprotocol_it_is_json(address: str, ticket: str) -> None:
    with opened(address, ticket) as socket:
        assert socket.subprotocol is None
        assert ask(socket, "ping")["status"] == "ok"


def test_a_socket_closes_with_4010_once_its_users_rights_are_others(address: str, ticket: str, trader: User) -> None:
    with opened(address, ticket) as socket:
        ask(socket, "ping")
        in_roles(trader, Role.READ_ONLY)
        assert close_code(socket) == 4010
