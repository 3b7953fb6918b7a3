"""`manage.py web`: pages, REST API and sockets, in one process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tradingmw.crash_points import arm
from tradingmw.env import env
from tradingmw.server import run_web
from tradingmw.supervisor.stopping import stop_event


class Command(BaseCommand):
    help = "Serves the web application on TMW_WEB_HOST and TMW_WEB_PORT."
    requires_system_checks = ()  # the tests run them; a restart after a crash is seconds faster without

    def handle(self, *args: Any, **options: Any) -> None:
        arm(env().crash_at, env().data_dir)
        run_web(env(), stop_event())
