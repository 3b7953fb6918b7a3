"""Does an alert tell nobody of prices that he may not see, neither when it is set nor when it would fire?"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Entitlement, User
from notifications.alerts.firing import Fired, alert_fire
from notifications.alerts.selectors import alert_own, armed
from notifications.models import Alert, OutboxTask, StreamEvent
from tests.notifications.alerts.market import made
from tests.roles import in_roles
from tradingmw.scaled import to_e8

pytestmark = pytest.mark.django_db
ALERTS = "/api/v1/alerts"


def client_of(user: User) -> APIClient:
    """With the user as the database has him now."""
    client = APIClient()
    client.force_authenticate(User.objects.get(id=user.id))
    return client


def post(user: User) -> Any:
    alert = {"symbol": "AAPL", "condition": "above", "targetPrice": "200"}
    return client_of(user).post(ALERTS, alert, format="json")


def patch(user: User, alert: Alert, **changes: Any) -> Any:
    return client_of(user).patch(f"{ALERTS}/{alert.id}", changes, format="json")


def bound_to(user: User, exchange: str) -> None:
    Entitlement.objects.update_or_create(user=user, defaults={"data_exchanges": exchange})


def fire(alert: Alert) -> Fired | None:
    return alert_fire(armed(alert_own(alert.user_id, alert.id)), to_e8("201"), at=timezone.now())


def test_an_alert_on_what_one_may_not_see_is_refused(ann: User) -> None:
    bound_to(ann, "XNYS")
    answer = post(ann)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert not Alert.objects.exists()
    bound_to(ann, "XNAS")
    assert post(ann).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [{"targetPrice": "210"}, {"condition": "below"}, {"isActive": True}, {"isTriggered": False}],
    ids=lambda changes: "".join(changes),
)
def test_nor_is_it_armed_anew(ann: User, changes: dict[str, Any]) -> None:
    alert = made(ann, "above", "200")
    bound_to(ann, "XNYS")
    assert patch(ann, alert, **changes).status_code == 403
    assert alert_own(ann.id, alert.id).arming == alert.arming


def test_but_it_is_turned_off_renamed_and_deleted(ann: User) -> None:
    alert = made(ann, "above", "200")
    bound_to(ann, "XNYS")
    assert patch(ann, alert, isActive=False, note="old").status_code == 200
    assert client_of(ann).delete(f"{ALERTS}/{alert.id}").status_code == 204


def test_it_does_not_fire_while_its_user_may_not_see_the_price_and_fires_once_he_may(ann: User) -> None:
    alert = made(ann, "above", "200")
    bound_to(ann, "XNYS")
    assert fire(alert) is None
    waiting = alert_own(ann.id, alert.id)
    assert (waiting.is_triggered, waiting.triggered_price) == (False, None)
    assert not OutboxTask.objects.exists()
    assert not StreamEvent.objects.filter(kind="alert_triggered").exists()
    bound_to(ann, "")
    assert fire(alert) is not None
    assert alert_own(ann.id, alert.id).is_triggered


def test_it_fires_for_nobody_whose_roles_see_no_market(ann: User) -> None:
    alert = made(ann, "above", "200")
    in_roles(ann)
    assert fire(alert) is None
