"""`/notifications…`: what a user was told, which of it is unread, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.policy import Role
from notifications.models import Notification
from notifications.stream import user_stream
from tests.notifications.streams import event, write
from tests.roles import in_roles

pytestmark = pytest.mark.django_db
NOTIFICATIONS = "/api/v1/notifications"
NOON = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)


def person(name: str) -> User:
    return in_roles(User.objects.create(username=name, email=f"{name}@desk.example"), Role.READ_ONLY)


def told(user: User, title: str, *, minute: int = 0, is_read: bool = False) -> Notification:
    return Notification.objects.create(
        user=user,
        type="alert",
        title=title,
        message="AAPL is above 200.",
        is_read=is_read,
        metadata={"symbol": "AAPL"},
        created_at=NOON + timedelta(minutes=minute),
    )


@pytest.fixture
def ann() -> User:
    return person("ann")


@pytest.fixture
def client(ann: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(ann)
    return client


def titles(client: APIClient, **query: Any) -> list[str]:
    return [item["title"] for item in client.get(NOTIFICATIONS, query).json()["items"]]


@pytest.mark.parametrize("path", [NOTIFICATIONS, f"{NOTIFICATIONS}/{UUID(int=1)}"])
def test_who_is_not_logged_in_sees_nothing(path: str) -> None:
    assert APIClient().get(path).status_code == 401


def test_a_notification_has_the_public_shape(client: APIClient, ann: User) -> None:
    made = told(ann, "Alert")
    assert client.get(f"{NOTIFICATIONS}/{made.id}").json() == {
        "id": str(made.id),
        "type": "alert",
        "title": "Alert",
        "message": "AAPL is above 200.",
        "isRead": False,
        "metadata": {"symbol": "AAPL"},
        "createdAt": "2026-11-22T12:00:00.123456Z",
    }


def test_the_newest_comes_first_with_the_number_of_unread(client: APIClient, ann: User) -> None:
    told(ann, "old", minute=1)
    told(ann, "new", minute=2)
    told(ann, "read", minute=3, is_read=True)
    assert titles(client) == ["read", "new", "old"]
    assert client.get(NOTIFICATIONS).json()["unreadCount"] == 2


def test_only_the_unread_can_be_asked_for(client: APIClient, ann: User) -> None:
    told(ann, "unread", minute=1)
    told(ann, "read", minute=2, is_read=True)
    assert titles(client, unread="true") == ["unread"]


def test_pages_put_together_are_the_whole_list(client: APIClient, ann: User) -> None:
    for minute in range(5):
        told(ann, str(minute), minute=minute)
    first = client.get(NOTIFICATIONS, {"limit": 3}).json()
    assert [item["title"] for item in first["items"]] == ["4", "3", "2"]
    assert titles(client, limit=3, pageToken=first["nextPageToken"]) == ["1", "0"]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"pageToken": "x"}, {"unread": "perhaps"}])
def test_a_senseless_query_is_refused(client: APIClient, query: dict[str, Any]) -> None:
    answer = client.get(NOTIFICATIONS, query)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


def test_it_can_be_marked_read_and_unread_again(client: APIClient, ann: User) -> None:
    path = f"{NOTIFICATIONS}/{told(ann, 'Alert').id}"
    assert client.patch(path, {"isRead": True}, format="json").json()["isRead"] is True
    assert client.get(NOTIFICATIONS).json()["unreadCount"] == 0
    client.patch(path, {"isRead": False}, format="json")
    assert client.get(NOTIFICATIONS).json()["unreadCount"] == 1


def test_a_write_answers_the_private_cursor(client: APIClient, ann: User) -> None:
    path = f"{NOTIFICATIONS}/{told(ann, 'Alert').id}"
    write([event(user_stream(ann.id))] * 3)
    answer = client.patch(path, {"isRead": True}, format="json")
    assert (answer.json()["lastEventId"], answer["X-Last-Event-Id"]) == (3, "3")
    assert client.delete(path)["X-Last-Event-Id"] == "3"


def test_all_are_read_at_once_and_nobody_elses(client: APIClient, ann: User) -> None:
    theirs = told(person("bob"), "Alert")
    told(ann, "one")
    told(ann, "two")
    answer = client.post(f"{NOTIFICATIONS}/read-all").json()
    assert answer == {"updated": 2, "unreadCount": 0, "lastEventId": 0}
    theirs.refresh_from_db()
    assert theirs.is_read is False


@pytest.mark.parametrize("body", [{}, {"isRead": None}, {"isRead": "maybe"}, {"isRead": True, "title": "mine"}])
def test_only_whether_it_is_read_can_be_changed(client: APIClient, ann: User, body: dict[str, Any]) -> None:
    answer = client.patch(f"{NOTIFICATIONS}/{told(ann, 'Alert').id}", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")


def test_a_deleted_one_is_gone(client: APIClient, ann: User) -> None:
    path = f"{NOTIFICATIONS}/{told(ann, 'Alert').id}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == client.get(path).status_code == 404


@pytest.mark.parametrize(("verb", "body"), [("get", None), ("patch", {"isRead": True}), ("delete", None)])
def test_anothers_is_not_found(client: APIClient, verb: str, body: Any) -> None:
    theirs = told(person("bob"), "Alert")
    answer = getattr(client, verb)(f"{NOTIFICATIONS}/{theirs.id}", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    theirs.refresh_from_db()
    assert theirs.is_read is False
