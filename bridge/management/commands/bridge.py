"""`manage.py bridge`: the engine link's processes. Without `--role` both, each in its own OS process."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bridge.sockets.keys import KeyFault, Role
from orders.ledger import LeaseHeld
from tradingmw.crash_points import arm
from tradingmw.env import env
from tradingmw.exposition import serve_metrics
from tradingmw.file_lock import HeldByAnother
from tradingmw.garbage import collect_seldom
from tradingmw.held_keys import check_keys
from tradingmw.supervisor.stopping import stop_event
from tradingmw.supervisor.together import run_together
from tradingmw.wiring import run_feed_bridge, run_order_bridge

ROLES = ("feed", "orders")


class Command(BaseCommand):
    help = "Runs the bridge to the trading engine: orders, market data, or (without --role) both side by side."
    requires_system_checks = ()  # the tests run them; a restart after a crash is seconds faster without

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", choices=ROLES)
        parser.add_argument(
            "--standby",
            action="store_true",
            help="orders: wait while another order bridge holds the lease, and take over when it is gone",
        )

    def handle(self, *args: Any, role: str | None = None, standby: bool = False, **options: Any) -> None:
        stop = stop_event()
        if not role:
            flags = {"orders": ["--standby"] if standby else [], "feed": []}
            sys.exit(run_together([["bridge", "--role", name, *flags[name]] for name in ROLES], stop))
        arm(env().crash_at, env().data_dir)
        serve_metrics(env(), role)
        collect_seldom()
        run = partial(run_order_bridge, standby=standby) if role == "orders" else run_feed_bridge
        try:
            check_keys(env(), Role.ORDER_BRIDGE if role == "orders" else Role.FEED_BRIDGE)
            run(stop)
        except KeyFault as error:
            raise CommandError(str(error), returncode=2) from error
        except LeaseHeld as error:
            raise CommandError(f"{error} With --standby this one waits for its end.") from error
        except HeldByAnother as error:
            raise CommandError(f"Process {error.pid} is the order bridge at {env().order_requests}.") from error
