"""What does the alerts' watch show of itself? Counters that are kept anyway, read at the scrape."""

from __future__ import annotations

from notifications.alerts.watch import AlertWatch
from tradingmw.metrics import ALERT_AGE, ALERT_FAULTS, ALERTS_FIRED, ALERTS_WATCHED


def show_alerts(watch: AlertWatch) -> None:
    ALERTS_WATCHED.read_from(lambda: watch.watched)
    ALERTS_FIRED.read_from(lambda: watch.fired)
    ALERT_FAULTS.read_from(lambda: watch.faults)
    ALERT_AGE.read_from(lambda: watch.age_seconds)
