"""The watch on a real database: what it sees, what it remembers over its own end, and what it survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import connection

from accounts.models import User
from accounts.rights import rights_of
from notifications.alerts.services import alert_change, alert_delete
from notifications.alerts.watch import AlertWatch
from notifications.models import Alert, StreamEvent
from tests.bridge.waiting import until
from tests.notifications.alerts.market import made, price
from tradingmw.layers import ZmqChannelLayer
from tradingmw.scaled import to_e8

pytestmark = pytest.mark.django_db(transaction=True)


Watching = Callable[[], AbstractContextManager[AlertWatch]]


@pytest.fixture
def watching(feed_layer: Callable[[], ZmqChannelLayer]) -> Watching:
    """`with watching() as watch:` is a feed bridge's life."""

    @contextmanager
    def life() -> Iterator[AlertWatch]:
        watch = AlertWatch(feed_layer())
        try:
            yield watch
        finally:
            watch.close()

    return life


def triggered(*alerts: Alert) -> Callable[[], bool]:
    ids = [alert.id for alert in alerts]
    return lambda: Alert.objects.filter(id__in=ids, is_triggered=True).count() == len(ids)


def first_seen(alert: Alert) -> Callable[[], bool]:
    return lambda: Alert.objects.filter(id=alert.id, seen_at__isnull=False).exists()


def fired_times(alert: Alert) -> int:
    return StreamEvent.objects.filter(kind="alert_triggered", data__contains=str(alert.id)).count()


def test_each_condition_fires_when_it_is_met_and_not_before(watching: Watching, ann: User) -> None:
    above, below, cross = (made(ann, condition, "100") for condition in ("above", "below", "cross"))
    other = made(ann, "above", "1", symbol="IBM")
    with watching() as watch:
        watch.take({"AAPL": price("100")})
        until(first_seen(cross))
        watch.take({"AAPL": price("100.01")})
        until(triggered(above))
        assert not triggered(below)() and not triggered(cross)()
        watch.take({"AAPL": price("99.99")})
        until(triggered(below, cross))
    assert not triggered(other)()
    assert [fired_times(alert) for alert in (above, below, cross)] == [1, 1, 1]


def test_a_spike_between_two_looks_fires_at_its_price(watching: Watching, ann: User) -> None:
    alert = made(ann, "above", "100")
    with watching() as watch:
        watch.take({"AAPL": price("99")})
        until(first_seen(alert))
        watch.take({"AAPL": price("99", "105", "98")})
        until(triggered(alert))
    alert.refresh_from_db()
    assert alert.triggered_price == 105


def test_a_cross_goes_on_after_a_crash_from_where_it_began(watching: Watching, ann: User) -> None:
    alert = made(ann, "cross", "100")
    with watching() as watch:
        watch.take({"AAPL": price("99")})
        until(first_seen(alert))
    with watching() as watch:
        watch.take({"AAPL": price("101")})
        until(triggered(alert))


def test_a_spike_during_a_crash_fires_when_it_made_a_new_high_of_the_day(watching: Watching, ann: User) -> None:
    missed, not_reached = made(ann, "above", "100"), made(ann, "above", "103")
    with watching() as watch:
        watch.take({"AAPL": price("99", high="99.5", low="98")})
        until(first_seen(missed))
        until(first_seen(not_reached))
    with watching() as watch:
        watch.take({"AAPL": price("99", high="102", low="98")})
        until(triggered(missed))
        watch.take({"AAPL": price("98")})
    assert not triggered(not_reached)()
    missed.refresh_from_db()
    assert missed.triggered_price == 102


def test_prices_from_before_an_alert_was_set_do_not_count(watching: Watching, ann: User) -> None:
    early = made(ann, "above", "50")
    with watching() as watch:
        watch.take({"AAPL": price("99", "105", "99", high="105", low="90")})
        until(triggered(early))
        late = made(ann, "above", "100")
        until(first_seen(late))
        watch.take({"AAPL": price("100", high="105", low="90")})
        marker = made(ann, "above", "50")
        until(triggered(marker))
    assert not triggered(late)()


def test_a_change_takes_the_place_of_what_was_watched(watching: Watching, ann: User) -> None:
    changed, resting, deleted = (made(ann, "above", "100") for _ in range(3))
    with watching() as watch:
        watch.take({"AAPL": price("99")})
        until(lambda: all(first_seen(alert)() for alert in (changed, resting, deleted)))
        alert_change(user_id=ann.id, rights=rights_of(ann), alert_id=changed.id, target_e8=to_e8("102"))
        alert_change(user_id=ann.id, rights=rights_of(ann), alert_id=resting.id, is_active=False)
        alert_delete(user_id=ann.id, alert_id=deleted.id)
        watch.take({"AAPL": price("101")})
        until(first_seen(changed))
        watch.take({"AAPL": price("103")})
        until(triggered(changed))
    changed.refresh_from_db()
    assert changed.triggered_price == 103
    assert not triggered(resting)()
    assert fired_times(deleted) == 0


def test_two_watches_fire_each_alert_once(watching: Watching, ann: User) -> None:
    alerts = [made(ann, "above", str(target)) for target in range(90, 110)]
    with watching() as one, watching() as other:
        for moment in range(20):
            for watch in (one, other):
                watch.take({"AAPL": price(str(90 + moment), str(91 + moment))})
        until(triggered(*alerts))
    assert [fired_times(alert) for alert in alerts] == [1] * len(alerts)


def test_what_the_layer_lost_is_found_in_the_database(watching: Watching, ann: User) -> None:
    with watching() as watch:
        watch.take({"AAPL": price("99")})
        until(triggered(made(ann, "above", "1")))
        until(triggered(made(ann, "above", "2")))


def test_while_the_database_is_away_nothing_is_lost(watching: Watching, ann: User) -> None:
    alert = made(ann, "above", "100")
    with watching() as watch:
        watch.take({"AAPL": price("99")})
        until(first_seen(alert))
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE notifications_alert RENAME TO away")
        try:
            watch.take({"AAPL": price("101", "99")})
            until(lambda: watch.faults["database"])
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE away RENAME TO notifications_alert")
        until(triggered(alert))


def test_an_alert_that_nobody_understands_does_not_disturb_the_others(watching: Watching, ann: User) -> None:
    strange, good = made(ann, "above", "50"), made(ann, "above", "50")
    Alert.objects.filter(id=strange.id).update(condition="sideways")
    with watching() as watch:
        watch.take({"AAPL": price("99")})
        until(triggered(good))
        assert watch.faults["row"]
