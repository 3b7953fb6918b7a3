"""`manage.py kill_drill`: how long does a kill take here? Rests orders, kills them, lets go, says how fast it was."""

from __future__ import annotations

import getpass
import json
import time
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from rich.console import Console
from rich.table import Table

from accounts.models import Account, User
from accounts.rights import rights_of
from orders.core.trading_states import TradingState
from orders.services import caller_of
from orders.states.drill import CANCELED_MS_MAX, GATE_MS_MAX, Plan, Report, drilled, of_drill
from orders.states.services import named_user, wanted
from tradingmw.env import env
from tradingmw.errors import TradingError
from tradingmw.scaled import to_e8

USER = "drill"
DEMO_SYMBOL = "AAPL"
DIRECTORY = "drills"


class Command(BaseCommand):
    help = (
        "Rests orders of the user 'drill' far from the market, halts that user, measures until the gate is closed and "
        "until the engine has cancelled them all, and lets go. Exit code 0: fast enough; 1: not, or not complete."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=50)
        parser.add_argument("--symbol", help="an instrument kept for drills; in a demo there is one")
        parser.add_argument("--price", type=Decimal, default=Decimal(1), help="at which nobody sells")
        parser.add_argument("--quantity", type=Decimal, default=Decimal(1))
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **given: Any) -> None:
        symbol = given["symbol"] or (DEMO_SYMBOL if env().demo else None)
        if symbol is None:
            raise CommandError("Say with --symbol which instrument is kept for drills.")
        user = drill_user()
        caller = caller_of(user, rights_of(user), None, None)
        quantity_e8, price_e8 = to_e8(given["quantity"]), to_e8(given["price"])
        plan = Plan(caller, symbol, price_e8, quantity_e8, given["orders"])
        like = wanted(named_user(user), TradingState.HALTED, "A drill.", None, f"{getpass.getuser()} (drill)")
        try:
            report = drilled(plan, of_drill(like, TradingState.HALTED), of_drill(like, TradingState.ACTIVE))
        except TradingError as error:
            raise CommandError(error.detail) from error
        path = kept(report, symbol)
        if given["json"]:
            self.stdout.write(json.dumps(shape(report, symbol)))
        else:
            show(Console(file=cast(TextIO, self.stdout)), report)
            self.stdout.write(f"Kept in {path}.")
        if not report.passed:
            raise CommandError("The kill was not fast enough, or not complete.")


@transaction.atomic
def drill_user() -> User:
    """Nobody logs in as this one: it is not active and has no password."""
    account, _ = Account.objects.get_or_create(name=USER)
    made, new = User.objects.select_related("account").get_or_create(
        username=USER, defaults={"email": f"{USER}@drill.invalid", "is_active": False, "account": account}
    )
    if new:
        made.set_unusable_password()
        made.save(update_fields=["password"])
    return made


def shape(report: Report, symbol: str) -> dict[str, Any]:
    return {"symbol": symbol, "at": time.time(), **report._asdict(), "passed": report.passed}


def kept(report: Report, symbol: str) -> Path:
    directory = env().data_dir / DIRECTORY
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"kill-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json"
    path.write_text(json.dumps(shape(report, symbol), indent=1), encoding="utf-8")
    return path


def show(console: Console, report: Report) -> None:
    table = Table(title=f"A kill with {report.orders} open orders")
    for heading in ("what", "measured", "at most"):
        table.add_column(heading)
    last = "not all" if report.last_canceled_ms is None else f"{report.last_canceled_ms:.1f} ms"
    table.add_row("gate closed", f"{report.gate_closed_ms:.1f} ms", f"{GATE_MS_MAX:.0f} ms")
    table.add_row("answered", f"{report.answered_ms:.1f} ms", "")
    table.add_row("last order cancelled", last, f"{CANCELED_MS_MAX:.0f} ms")
    table.add_row("cancelled", f"{report.canceled} of {report.orders}", "")
    table.add_row("unconfirmed", str(len(report.unconfirmed)), "0")
    table.add_row("an order behind it was stopped", "yes" if report.stopped else "no", "")
    table.add_row("recorded before the answer", "yes" if report.recorded else "no", "")
    table.add_row("let go at the end", "yes" if report.released else "no", "")
    console.print(table)
