"""Do the figures of the alerts' watch move with what it does?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from notifications.alerts.figures import show_alerts
from notifications.alerts.watch import AlertWatch
from tests.bridge.waiting import until
from tests.notifications.alerts.market import made, price
from tradingmw.layers import ZmqChannelLayer
from tradingmw.metrics import ALERT_AGE, ALERT_FAULTS, ALERTS_FIRED, ALERTS_WATCHED, Reading

QUIET_SECONDS = 0.1  #: longer than from one look to the next while there is news

pytestmark = pytest.mark.django_db(transaction=True)


def shown(reading: Reading) -> dict[str, float]:
    """The figure by its label's values, "" where it has no label."""
    family = reading.family()
    assert family is not None
    return {"".join(sample.labels.values()): sample.value for sample in family.samples}


def test_they_tell_who_is_watched_what_fired_and_what_failed(
    feed_layer: Callable[[], ZmqChannelLayer], ann: User
) -> None:
    for target, symbol in (("100", "AAPL"), ("200", "AAPL"), ("100", "IBM")):
        made(ann, "above", target, symbol=symbol)
    watch = AlertWatch(feed_layer())
    show_alerts(watch)
    try:
        until(lambda: shown(ALERTS_WATCHED) == {"": 3})  # one of them waits for the first price of its symbol
        watch.take({"AAPL": price("150")})
        until(lambda: shown(ALERTS_FIRED) == {"": 1})
        until(lambda: shown(ALERTS_WATCHED) == {"": 2})
        watch.faults["database"] += 1
        assert shown(ALERT_FAULTS) == {"database": 1}
        until(lambda: shown(ALERT_AGE)[""] > QUIET_SECONDS)
        watch.take({"AAPL": price("151")})
        until(lambda: shown(ALERT_AGE)[""] < QUIET_SECONDS)
    finally:
        watch.close()
