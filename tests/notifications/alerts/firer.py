# ruff: noqa: E402, T201 (a process of its own: it sets Django up before it imports models, and answers on its output)
"""A process that fires alerts: `python -m tests.notifications.alerts.firer DATABASE ID…`; how many it fired.

It says `ready` and waits for a line, so that several begin together.
"""

from __future__ import annotations

import os
import sys
from uuid import UUID

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
database, *ids = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
django.setup()

from django.utils import timezone

from notifications.alerts.firing import alert_fire
from notifications.alerts.selectors import alerts_named, armed

watched = [armed(alert) for alert in alerts_named([UUID(text) for text in ids])]
print("ready", flush=True)
sys.stdin.readline()
print(sum(alert_fire(alert, 10**10, at=timezone.now()) is not None for alert in watched))
