"""`GET /events`: the whole private stream of the caller, oldest first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.policy import Role
from notifications.models import StreamEvent
from notifications.stream import user_stream
from tests.notifications.streams import event, write
from tests.roles import in_roles

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events"


@pytest.fixture
def ann() -> User:
    return in_roles(User.objects.create(username="ann", email="ann@desk.example"), Role.READ_ONLY)


@pytest.fixture
def client(ann: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(ann)
    return client


def written(user: User, count: int) -> None:
    write([event(user_stream(user.id), data=json.dumps({"n": number})) for number in range(1, count + 1)])


def test_who_is_not_logged_in_sees_no_event() -> None:
    assert APIClient().get(EVENTS).status_code == 401


def test_an_event_is_shown_as_on_the_socket(client: APIClient, ann: User) -> None:
    written(ann, 1)
    assert client.get(EVENTS).json() == {
        "items": [
            {
                "channel": "orders",
                "eventId": 1,
                "prevEventId": 0,
                "kind": "order_accepted",
                "ts": 1_795_341_600_123_456,
                "data": {"n": 1},
            }
        ],
        "nextPageToken": None,
        "lastEventId": 1,
    }


def test_pages_put_together_are_the_whole_stream(client: APIClient, ann: User) -> None:
    written(ann, 7)
    seen: list[int] = []
    query: dict[str, Any] = {"since": 1, "limit": 3}
    while True:
        page = client.get(EVENTS, query).json()
        seen += [item["eventId"] for item in page["items"]]
        if page["nextPageToken"] is None:
            break
        query["pageToken"] = page["nextPageToken"]
    assert seen == [2, 3, 4, 5, 6, 7]


def test_at_the_end_of_the_stream_there_is_nothing(client: APIClient, ann: User) -> None:
    written(ann, 2)
    assert client.get(EVENTS, {"since": 2}).json() == {"items": [], "nextPageToken": None, "lastEventId": 2}


def test_events_of_others_are_never_shown(client: APIClient) -> None:
    written(User.objects.create(username="bob", email="bob@desk.example"), 3)
    assert client.get(EVENTS).json() == {"items": [], "nextPageToken": None, "lastEventId": 0}


def test_a_cursor_ahead_of_the_stream_is_named(client: APIClient, ann: User) -> None:
    written(ann, 2)
    answer = client.get(EVENTS, {"since": 3})
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["attr"]) == (
        422,
        "CURSOR_UNKNOWN",
        "since",
    )


def test_a_cursor_behind_the_kept_log_is_named(client: APIClient, ann: User) -> None:
    written(ann, 4)
    StreamEvent.objects.filter(number__lte=2).delete()
    assert client.get(EVENTS, {"since": 1}).json()["code"] == "CURSOR_UNKNOWN"
    assert [item["eventId"] for item in client.get(EVENTS, {"since": 2}).json()["items"]] == [3, 4]


@pytest.mark.parametrize(
    ("name", "value"),
    [("since", "-1"), ("since", "x"), ("since", "9" * 30), ("limit", "0"), ("limit", "1001"), ("pageToken", "1.5")],
)
def test_a_bad_parameter_is_named(client: APIClient, name: str, value: str) -> None:
    answer = client.get(EVENTS, {name: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert [error["attr"] for error in answer.json()["errors"]] == [name]
