"""`manage.py reconcile`: does the engine hold the open orders that we think it holds?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from orders.core.comparison import RunOutcome
from orders.models import Reconciliation
from orders.reconciliation import Document, reconciliation_ask, reconciliation_last, reconciliation_wait, run_shape
from tradingmw.errors import TradingError

SHOWN = 50
DIFFERENT, NOT_COMPARED = 1, 2  #: exit codes
TIMEOUT_SECONDS = 60


class Command(BaseCommand):
    help = (
        "Compares the open orders with the engine's, settles what evidence settles and prints what differed. "
        "Exit code 0: both sides agree now; 1: orders wait for a person; 2: it could not be done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--last", action="store_true", help="do not compare now: print what was found last")
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("--timeout", type=float, default=TIMEOUT_SECONDS, help="seconds to wait for the end")

    def handle(self, *args: Any, **given: Any) -> None:
        run = last() if given["last"] else compared(given["timeout"])
        shape = run_shape(run)
        if given["json"]:
            self.stdout.write(json.dumps(shape))
        else:
            show(Console(file=cast(TextIO, self.stdout)), shape)
        if run.outcome != RunOutcome.DONE.value:
            raise CommandError("The comparison was abandoned: the engine link was lost.", returncode=NOT_COMPARED)
        if run.flagged:
            raise CommandError(f"{run.flagged} orders wait for a person.", returncode=DIFFERENT)


def compared(timeout_seconds: float) -> Reconciliation:
    try:
        return reconciliation_wait(reconciliation_ask(), timeout_seconds)
    except TradingError as error:
        raise CommandError(error.detail, returncode=NOT_COMPARED) from error


def last() -> Reconciliation:
    run = reconciliation_last()
    if run is None:
        raise CommandError("Nothing was ever compared.", returncode=NOT_COMPARED)
    return run


def show(console: Console, run: Document) -> None:
    console.print(f"{run['beganAt']} {run['cause']} {run['outcome']}")
    console.print(f"{run['ordersHere']:,} open orders here, {run['ordersAtEngine']:,} at the engine.")
    console.print(f"{run['repaired']:,} repaired, {run['flagged']:,} flagged, {run['gone']:,} gone when asked again.")
    found = run["differences"]
    if not found:
        return
    table = Table("account", "clientOrderId", "what", "here", "at the engine", "now")
    for each in found[:SHOWN]:
        row = (each["account"], each["clientOrderId"], each["kind"], each["here"], each["atEngine"], each["finding"])
        table.add_row(*(text or "-" for text in row))
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"The first {SHOWN} are shown; --json lists all.")
