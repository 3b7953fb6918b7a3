"""`manage.py web`: pages, REST API and sockets, in one process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bridge.sockets.keys import KeyFault, Role
from tradingmw.crash_points import arm
from tradingmw.env import env
from tradingmw.held_keys import check_keys
from tradingmw.server import run_web
from tradingmw.supervisor.stopping import stop_event


class Command(BaseCommand):
    help = "Serves the web application on TMW_WEB_HOST and TMW_WEB_PORT."
    requires_system_checks = ()  # the tests run them; a restart after a crash is seconds faster without

    def handle(self, *args: Any, **options: Any) -> None:
        arm(env().crash_at, env().data_dir)
        try:
            check_keys(env(), Role.WEB)
        except KeyFault as error:
            raise CommandError(str(error), returncode=2) from error
        run_web(env(), stop_event())
