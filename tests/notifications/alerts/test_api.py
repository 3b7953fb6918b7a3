"""`/alerts…`: set, read, change, arm again, delete; what is refused, and nobody else's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from notifications.alerts import services
from notifications.alerts.firing import alert_fire
from notifications.alerts.selectors import alert_own, armed
from notifications.models import Alert
from notifications.stream import last_number, read, user_stream
from tests.notifications.alerts.market import made, person
from tradingmw.scaled import to_e8

pytestmark = pytest.mark.django_db
ALERTS = "/api/v1/alerts"
ABOVE = {"symbol": "AAPL", "condition": "above", "targetPrice": "200.5"}


@pytest.fixture
def client(ann: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(ann)
    return client


def post(client: APIClient, **changes: Any) -> Any:
    return client.post(ALERTS, {**ABOVE, **changes}, format="json")


def fired(user: User, alert_id: Any) -> Alert:
    alert_fire(armed(alert_own(user.id, alert_id)), to_e8("201"), at=timezone.now())
    return alert_own(user.id, alert_id)


@pytest.mark.parametrize("path", [ALERTS, f"{ALERTS}/{UUID(int=1)}"])
def test_who_is_not_logged_in_sees_nothing(path: str) -> None:
    assert APIClient().get(path).status_code == 401


def test_an_alert_has_the_public_shape(client: APIClient) -> None:
    answer = post(client, note="sell half")
    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"{ALERTS}/{body['id']}"
    assert body == client.get(answer["Location"]).json() | {"lastEventId": body["lastEventId"]}
    assert {name: body[name] for name in (*ABOVE, "note")} == {**ABOVE, "note": "sell half"}
    assert (body["isActive"], body["isTriggered"], body["triggeredAt"], body["triggeredPrice"]) == (
        True,
        False,
        None,
        None,
    )


def test_each_write_is_an_event_and_names_its_number(client: APIClient, ann: User) -> None:
    made_answer = post(client)
    path = made_answer["Location"]
    changed = client.patch(path, {"targetPrice": "210"}, format="json")
    deleted = client.delete(path)
    assert (made_answer.json()["lastEventId"], changed.json()["lastEventId"], deleted["X-Last-Event-Id"]) == (1, 2, "3")
    events = read(user_stream(ann.id), 0, 10)
    assert [(event.channel, event.kind) for event in events] == [
        ("alerts", "alert_created"),
        ("alerts", "alert_changed"),
        ("alerts", "alert_deleted"),
    ]
    assert client.get(path).status_code == 404


def test_a_symbol_is_kept_as_the_market_writes_it(client: APIClient) -> None:
    assert post(client, symbol="aapl").json()["symbol"] == "AAPL"


@pytest.mark.parametrize(
    ("changes", "attribute"),
    [
        ({"targetPrice": "0"}, "targetPrice"),
        ({"targetPrice": "-1"}, "targetPrice"),
        ({"targetPrice": "1.123456789"}, "targetPrice"),
        ({"targetPrice": "99999999999999999999"}, "targetPrice"),
        ({"targetPrice": "1e3"}, "targetPrice"),
        ({"targetPrice": "NaN"}, "targetPrice"),
        ({"targetPrice": 200.5}, "targetPrice"),
        ({"targetPrice": None}, "targetPrice"),
        ({"condition": "crosses"}, "condition"),
        ({"condition": "ABOVE"}, "condition"),
        ({"condition": ["above"]}, "condition"),
        ({"symbol": "AA PL"}, "symbol"),
        ({"symbol": ""}, "symbol"),
        ({"symbol": {"is": "AAPL"}}, "symbol"),
        ({"note": "x" * 201}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"note": 7}, "note"),
        ({"isActive": "yes"}, "isActive"),
        ({"isTriggered": False}, "isTriggered"),
        ({"target": "1"}, "target"),
    ],
)
def test_an_impossible_alert_is_refused_by_its_field(client: APIClient, changes: Any, attribute: str) -> None:
    answer = post(client, **changes)
    assert answer.status_code == 422, answer.content
    assert [error["attr"].split(".")[0] for error in answer.json()["errors"]] == [attribute]
    assert not Alert.objects.exists()


def test_a_symbol_that_is_not_traded_is_refused(client: APIClient) -> None:
    answer = post(client, symbol="NONE")
    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_INSTRUMENT")
    assert not Alert.objects.exists()


def test_there_is_an_end_to_how_many(client: APIClient, ann: User) -> None:
    Alert.objects.bulk_create(
        Alert(user=ann, symbol="AAPL", condition="above", target_price="1") for _ in range(services.ALERTS_MAX)
    )
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (409, "QUOTA_REACHED")
    client.delete(f"{ALERTS}/{Alert.objects.first().id}")  # type: ignore[union-attr]
    assert post(client).status_code == 201


@pytest.mark.parametrize("verb", ["get", "patch", "delete"])
def test_another_users_alert_is_not_found(client: APIClient, verb: str) -> None:
    other = person("bob")
    path = f"{ALERTS}/{made(other, 'above', '5').id}"
    assert getattr(client, verb)(path, {}, format="json").status_code == 404
    assert client.get(ALERTS).json()["items"] == []
    assert last_number(user_stream(other.id)) == 1


@pytest.mark.parametrize(
    "change", [{"targetPrice": "210"}, {"condition": "cross"}, {"isTriggered": False}, {"isActive": True}]
)
def test_a_fired_alert_can_be_armed_again_and_fires_once_more(client: APIClient, ann: User, change: Any) -> None:
    path = post(client)["Location"]
    alert = fired(ann, path.rpartition("/")[2])
    assert alert.is_triggered
    body = client.patch(path, change, format="json").json()
    assert (body["isTriggered"], body["triggeredAt"], body["triggeredPrice"]) == (False, None, None)
    assert alert_fire(armed(alert), to_e8("201"), at=timezone.now()) is None, "the earlier arming is over"
    assert fired(ann, alert.id).is_triggered


@pytest.mark.parametrize("change", [{"note": "other"}, {"isActive": False}])
def test_a_note_or_a_rest_does_not_arm_a_fired_alert(client: APIClient, ann: User, change: Any) -> None:
    path = post(client)["Location"]
    fired(ann, path.rpartition("/")[2])
    assert client.patch(path, change, format="json").json()["isTriggered"] is True


def test_an_alert_at_rest_does_not_fire(client: APIClient, ann: User) -> None:
    path = post(client)["Location"]
    client.patch(path, {"isActive": False}, format="json")
    assert not fired(ann, path.rpartition("/")[2]).is_triggered


@pytest.mark.parametrize(
    ("change", "attribute"),
    [({"isTriggered": True}, "isTriggered"), ({"symbol": "IBM"}, "symbol"), ({"targetPrice": "0"}, "targetPrice")],
)
def test_an_impossible_change_is_refused_by_its_field(client: APIClient, change: Any, attribute: str) -> None:
    path = post(client)["Location"]
    answer = client.patch(path, change, format="json")
    assert answer.status_code == 422
    assert [error["attr"] for error in answer.json()["errors"]] == [attribute]


def test_the_list_is_newest_first_and_paged(client: APIClient, ann: User) -> None:
    ids = [str(made(ann, "above", str(target)).id) for target in (1, 2, 3)]
    first = client.get(ALERTS, {"limit": 2}).json()
    assert [item["id"] for item in first["items"]] == ids[:0:-1]
    rest = client.get(ALERTS, {"pageToken": first["nextPageToken"]}).json()
    assert [item["id"] for item in rest["items"]] == ids[:1]
