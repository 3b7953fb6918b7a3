"""`GET /events?stream=desk`: the drop copy over REST, for whom it is meant and for nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Desk, User
from accounts.policy import Role
from notifications.stream import desk_stream, user_stream
from tests.notifications.streams import event, write
from tests.roles import in_roles

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events"


@pytest.fixture
def alpha() -> Desk:
    """A desk with three events."""
    return with_events("alpha")


@pytest.fixture
def beta() -> Desk:
    return with_events("beta")


def with_events(name: str) -> Desk:
    desk = Desk.objects.create(name=name)
    write([event(desk_stream(desk.id), data=json.dumps({"of": name, "n": number})) for number in (1, 2, 3)])
    return desk


def user(name: str, role: Role, desk: Desk | None = None) -> User:
    return in_roles(User.objects.create(username=name, email=f"{name}@desk.example", desk=desk), role)


def asked(who: User, **query: Any) -> Any:
    client = APIClient()
    client.force_authenticate(who)
    return client.get(EVENTS, query)


def seen(who: User, **query: Any) -> list[Any]:
    answer = asked(who, **query)
    assert answer.status_code == 200, answer.content
    return [item["data"] for item in answer.json()["items"]]


def test_the_head_reads_his_desks_events_from_any_number_on(alpha: Desk, beta: Desk) -> None:
    head = user("head", Role.DESK_HEAD, alpha)
    assert [data["of"] for data in seen(head, stream="desk")] == ["alpha"] * 3
    assert [data["n"] for data in seen(head, stream="desk", since=1, desk="alpha")] == [2, 3]
    page = asked(head, stream="desk", limit=2).json()
    assert (page["nextPageToken"], page["lastEventId"]) == ("2", 3)


def test_his_own_events_are_another_stream(alpha: Desk) -> None:
    head = user("head", Role.DESK_HEAD, alpha)
    write([event(user_stream(head.id), data='{"of": "me"}')])
    assert seen(head) == seen(head, stream="own") == [{"of": "me"}]


def test_compliance_reads_any_desk_by_its_name(alpha: Desk, beta: Desk) -> None:
    eve = user("eve", Role.COMPLIANCE)
    for name in ("alpha", "beta"):
        assert {data["of"] for data in seen(eve, stream="desk", desk=name)} == {name}


REFUSED = [
    ("a trader of the desk", Role.TRADER, "alpha", {}, 403, "FORBIDDEN"),
    ("a trader who names it", Role.TRADER, "alpha", {"desk": "alpha"}, 403, "FORBIDDEN"),
    ("a trader who names what is not there", Role.TRADER, "alpha", {"desk": "nowhere"}, 403, "FORBIDDEN"),
    ("operations", Role.OPERATIONS, "alpha", {"desk": "alpha"}, 403, "FORBIDDEN"),
    ("the head of another desk", Role.DESK_HEAD, "beta", {"desk": "alpha"}, 404, "NOT_FOUND"),
    ("a head who names what is not there", Role.DESK_HEAD, "beta", {"desk": "nowhere"}, 404, "NOT_FOUND"),
    ("a head of no desk", Role.DESK_HEAD, None, {}, 404, "NOT_FOUND"),
    ("a head of no desk who names one", Role.DESK_HEAD, None, {"desk": "alpha"}, 404, "NOT_FOUND"),
    ("compliance without a name", Role.COMPLIANCE, None, {}, 403, "FORBIDDEN"),
    ("compliance, of what is not there", Role.COMPLIANCE, None, {"desk": "nowhere"}, 404, "NOT_FOUND"),
]


@pytest.mark.parametrize(
    ("role", "desk", "query", "status", "code"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_everybody_else_is_refused_and_learns_nothing(
    alpha: Desk, beta: Desk, role: Role, desk: str | None, query: dict[str, str], status: int, code: str
) -> None:
    who = user("who", role, Desk.objects.filter(name=desk).first())
    answer = asked(who, stream="desk", **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "alpha" not in answer.content.decode()


def test_another_desk_and_none_at_all_are_refused_in_the_same_words(alpha: Desk, beta: Desk) -> None:
    head = user("head", Role.DESK_HEAD, beta)
    there, nowhere = (asked(head, stream="desk", desk=name).json() for name in ("alpha", "nowhere"))
    assert {**there, "requestId": ""} == {**nowhere, "requestId": ""}


@pytest.mark.parametrize(
    ("query", "name"),
    [({"stream": "user"}, "stream"), ({"desk": "alpha"}, "desk"), ({"stream": "desk", "desk": "x" * 41}, "desk")],
)
def test_a_bad_parameter_is_named(alpha: Desk, query: dict[str, str], name: str) -> None:
    answer = asked(user("head", Role.DESK_HEAD, alpha), **query)
    assert (answer.status_code, [error["attr"] for error in answer.json()["errors"]]) == (422, [name])


def test_a_cursor_ahead_of_the_desks_stream_is_named(alpha: Desk) -> None:
    answer = asked(user("head", Role.DESK_HEAD, alpha), stream="desk", since=4)
    assert (answer.status_code, answer.json()["code"]) == (422, "CURSOR_UNKNOWN")
