"""One transaction, one winner: however many feed bridges see the crossing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.models import User
from notifications.alerts.delivery import TELL
from notifications.alerts.firing import alert_fire, alert_seen
from notifications.alerts.selectors import armed
from notifications.models import Alert, OutboxTask, StreamEvent
from notifications.rules import Look, Side
from tests.notifications.alerts.market import made, price
from tradingmw.scaled import from_e8, to_e8

ALERTS, PROCESSES = 30, 2


@pytest.mark.django_db(transaction=True)
def test_of_several_processes_exactly_one_fires_each_alert(ann: User) -> None:
    ids = [made(ann, "above", str(number)).id.hex for number in range(1, ALERTS + 1)]
    command = [sys.executable, "-m", "tests.notifications.alerts.firer", connection.settings_dict["NAME"], *ids]
    firers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    for firer in firers:
        assert firer.stdout is not None
        assert firer.stdout.readline() == "ready\n"
    said = [firer.communicate("go\n", timeout=60)[0] for firer in firers]
    assert sum(map(int, said)) == ALERTS
    assert Alert.objects.filter(is_triggered=True).count() == ALERTS
    assert OutboxTask.objects.filter(task=TELL).count() == ALERTS
    told = StreamEvent.objects.filter(kind="alert_triggered").values_list("data", flat=True)
    assert sorted(json.loads(data)["id"].replace("-", "") for data in told) == sorted(ids)


@pytest.mark.django_db
def test_a_firing_is_an_event_and_a_promise(ann: User) -> None:
    alert = made(ann, "above", "100", note="sell")
    fired = alert_fire(armed(alert), to_e8("100.5"), at=timezone.now())
    assert fired is not None
    assert fired.number == 2
    data = json.loads(StreamEvent.objects.get(stream=fired.stream, number=2).data)
    assert (data["isTriggered"], data["triggeredPrice"], data["note"]) == (True, "100.5", "sell")
    row = OutboxTask.objects.get(task=TELL)
    assert row.key == f"{alert.id.hex}:1"
    assert json.loads(row.payload)["alert"] == data


@pytest.mark.django_db(transaction=True)
def test_a_firing_whose_last_write_fails_has_not_happened(ann: User) -> None:
    alert = made(ann, "above", "100")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER full BEFORE INSERT ON notifications_streamevent BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
    try:
        with pytest.raises(DatabaseError):
            alert_fire(armed(alert), to_e8("101"), at=timezone.now())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER full")
    assert not Alert.objects.filter(is_triggered=True).exists()
    assert not OutboxTask.objects.exists()
    assert alert_fire(armed(alert), to_e8("101"), at=timezone.now()) is not None


@pytest.mark.django_db
def test_where_an_arming_was_first_seen_is_kept_once(ann: User) -> None:
    alert = made(ann, "cross", "100")
    first = armed(alert).seen(Look(*price("99")))
    alert_seen(first, Look(*price("99", high="105", low="90")), at=timezone.now())
    alert_seen(first._replace(side=Side.ABOVE), Look(*price("101", high="109", low="80")), at=timezone.now())
    alert.refresh_from_db()
    assert (alert.side, alert.seen_high, alert.seen_low) == (Side.BELOW, from_e8(to_e8("105")), from_e8(to_e8("90")))


@pytest.mark.django_db
def test_a_day_without_a_trade_has_no_extremes_to_keep(ann: User) -> None:
    alert = made(ann, "above", "100")
    alert_seen(armed(alert), Look(*price("99")), at=timezone.now())
    alert.refresh_from_db()
    assert alert.seen_at is not None
    assert (alert.seen_high, alert.seen_low) == (None, None)
