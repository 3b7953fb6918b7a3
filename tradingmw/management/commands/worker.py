"""`manage.py worker`: does what the outbox holds, in threads."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tradingmw.env import env
from tradingmw.exposition import serve_metrics
from tradingmw.supervisor.stopping import stop_event
from tradingmw.worker import run_worker


class Command(BaseCommand):
    help = "Runs a Celery worker that does what the outbox holds."
    requires_system_checks = ()  # the tests run them; a restart after a crash is seconds faster without

    def handle(self, *args: Any, **options: Any) -> None:
        serve_metrics(env(), "worker")
        run_worker(stop_event())
