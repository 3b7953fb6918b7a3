"""`manage.py beat`: owes the outbox what the timetable says."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tradingmw.beat import run_beat
from tradingmw.env import env
from tradingmw.exposition import serve_metrics
from tradingmw.supervisor.stopping import stop_event


class Command(BaseCommand):
    help = "Runs Celery beat: puts timed tasks into the outbox, each slot once."
    requires_system_checks = ()  # the tests run them; a restart after a crash is seconds faster without

    def handle(self, *args: Any, **options: Any) -> None:
        serve_metrics(env(), "beat")
        run_beat(stop_event())
