"""`manage.py bridge`: the engine link's processes. Without `--role` both, each in its own OS process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tradingmw.env import env
from tradingmw.exposition import serve_metrics
from tradingmw.supervisor.stopping import stop_event
from tradingmw.supervisor.together import run_together
from tradingmw.wiring import run_feed_bridge, run_order_bridge

ROLES: dict[str, Callable[[Event], None]] = {"orders": run_order_bridge, "feed": run_feed_bridge}


class Command(BaseCommand):
    help = "Runs the bridge to the trading engine: orders, market data, or (without --role) both side by side."
    requires_system_checks = ()  # the tests run them; a restart after a crash is seconds faster without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", choices=sorted(ROLES))

    def handle(self, *args: Any, role: str | None = None, **options: Any) -> None:
        stop = stop_event()
        if role:
            serve_metrics(env(), role)
            ROLES[role](stop)
        else:
            sys.exit(run_together([["bridge", "--role", name] for name in ROLES], stop))
