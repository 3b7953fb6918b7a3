# ruff: noqa: E402 (a process of its own: it sets Django up before it imports anything of ours)
"""A worker or a beat over the test database: `python -m tests.tradingmw.part_process worker|beat DATABASE`.

The real parts, with the tests' tasks, a short lease and a timetable of one slot a second.
"""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
part, database = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
django.setup()

from notifications.schedule.timetable import TimedTask
from tests.notifications.outbox import effects
from tradingmw.beat import OutboxScheduler, run_beat
from tradingmw.celery import LEASE_SETTING, app
from tradingmw.supervisor.stopping import stop_event
from tradingmw.worker import run_worker

LEASE_SECONDS = 2.0
app.conf[LEASE_SETTING] = LEASE_SECONDS
OutboxScheduler.timetable = (TimedTask(effects.EFFECT, 1),)

if part == "worker":
    run_worker(stop_event())
else:
    run_beat(stop_event())
