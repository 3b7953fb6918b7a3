"""Which alerts must be looked at again? Those that the layer named, those changed of late, and now and then all.

The layer's word comes at once and may be lost; what it lost is found by its time of change within five seconds. The
whole is read at the start and every ten minutes: it finds what escaped both, such as a change by a host whose clock is
minutes behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import Error
from django.utils import timezone

from notifications.alerts.selectors import alerts_changed, alerts_named, alerts_waiting
from notifications.models import Alert

READ_SECONDS: Final = 5.0
WHOLE_READ_SECONDS: Final = 600.0
#: Web hosts whose clocks differ by less than this are read without a gap.
OVERLAP: Final = timedelta(seconds=60)
#: Ids remembered between two readings; the rest is found by its time of change.
NEWS_MAX: Final = 1_000


class Rows(NamedTuple):
    """What was read: alerts as they are, and ids of alerts that wait no more."""

    found: list[Alert]
    gone: set[UUID]


class AlertReader:
    """`note` may be called from any thread; the rest belongs to one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news: set[UUID] = set()
        self._read_at = self._whole_read_at = 0.0
        self._changed_since: datetime | None = None

    def note(self, alert_id: UUID) -> None:
        """This alert was changed, or is no more."""
        with self._lock:
            if len(self._news) < NEWS_MAX:
                self._news.add(alert_id)

    @property
    def due_in_seconds(self) -> float:
        """Till the next reading, without news."""
        return max(0.0, self._read_at - time.monotonic())

    def rows(self, known: Callable[[], set[UUID]]) -> Rows:
        """What there is to read now. `known` gives the ids of all who are thought to wait; `Error`."""
        now = time.monotonic()
        if now >= self._whole_read_at:
            rows = self._whole(known)
            self._whole_read_at, self._read_at = now + WHOLE_READ_SECONDS, now + READ_SECONDS
            return rows
        rows = self._named()
        if now >= self._read_at:
            rows.found.extend(self._changed())
            self._read_at = now + READ_SECONDS
        return rows

    def _whole(self, known: Callable[[], set[UUID]]) -> Rows:
        since = timezone.now()
        found = alerts_waiting()
        self._changed_since = since
        return Rows(found, known() - {alert.id for alert in found})

    def _changed(self) -> list[Alert]:
        since = timezone.now()
        found = alerts_changed((self._changed_since or since) - OVERLAP)
        self._changed_since = since
        return found

    def _named(self) -> Rows:
        with self._lock:
            news, self._news = self._news, set()
        try:
            found = alerts_named(news)
        except Error:
            self._whole_read_at = 0.0  # a deleted one leaves nothing that a later reading could find
            raise
        return Rows(found, news - {alert.id for alert in found})
