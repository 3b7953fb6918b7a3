"""`manage.py positions verify | rebuild`: is every position what was traded, and if not, make it so.

`rebuild` is an operator's deed, for a time when no order bridge runs.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from orders.amendments import one_line, operator_named
from orders.ledger.faults import Fenced
from orders.models import Execution
from orders.positions.rebuilding import positions_rebuild
from orders.positions.verification import FIELDS, Difference, Fault, Looked, positions_verify
from tradingmw.errors import TradingError
from tradingmw.scaled import text_e4, text_e8, text_e16

SHOWN = 50
TEXTS: dict[int | None, Callable[[int], str]] = {8: text_e8, 4: text_e4, None: text_e16}


class Command(BaseCommand):
    help = "Holds all positions against the executions that made them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        words = parser.add_subparsers(dest="word", required=True)
        verify = words.add_parser("verify", help="compares every position; exit code 1 where one differs")
        rebuild = words.add_parser("rebuild", help="makes those that differ what was traded; no order bridge may run")
        rebuild.add_argument("--by", required=True, help="the operator's user name, for the audit")
        rebuild.add_argument("--note", required=True, help="why, for the audit")
        for word in (verify, rebuild):
            word.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **given: Any) -> None:
        rebuilds, began = given["word"] == "rebuild", time.monotonic()
        looked = followed(rebuilding(given) if rebuilds else positions_verify())
        if given["json"]:
            self.stdout.write(json.dumps(document(looked, time.monotonic() - began)))
        else:
            show(Console(file=cast(TextIO, self.stdout)), looked, "were rebuilt" if rebuilds else "differ")
        if looked.differences and not rebuilds:
            count = f"{len(looked.differences)} of {looked.positions}"
            raise CommandError(f"{count} positions are not what was traded.", returncode=1)


def rebuilding(given: dict[str, Any]) -> Iterable[Looked]:
    try:
        yield from positions_rebuild(operator_named(given["by"]), one_line(given["note"]))
    except TradingError as error:
        raise CommandError(error.detail) from error
    except Fenced as error:
        raise CommandError(f"{error} Stop it first.") from error


def followed(parts: Iterable[Looked]) -> Looked:
    """All of them together, with progress on standard error."""
    whole, total = Looked(0, 0, []), Execution.objects.count()
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} of {task.total:,} executions"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("positions", total=total)
        for part in parts:
            added = (mine + more for mine, more in zip(whole, part, strict=True))  # type: ignore[operator]
            whole = Looked(*added)
            progress.update(task, completed=whole.executions)
    return whole


def document(looked: Looked, seconds: float) -> dict[str, Any]:
    rows = [
        {
            "account": each.traded.account_name,
            "symbol": each.traded.symbol,
            "faults": {fault.field: {"stored": told(fault)[0], "executions": told(fault)[1]} for fault in each.faults},
        }
        for each in looked.differences
    ]
    counts = {"executions": looked.executions, "positions": looked.positions, "seconds": round(seconds, 3)}
    return {**counts, "differences": rows}


def told(fault: Fault) -> tuple[str | None, str | None]:
    """Both values as decimals."""
    text = TEXTS[FIELDS[fault.field]]
    stored, executions = (None if value is None else text(value) for value in (fault.stored, fault.executions))
    return stored, executions


def show(console: Console, looked: Looked, verb: str) -> None:
    count = f"{looked.positions:,} positions of {looked.executions:,} executions"
    console.print(f"{count} looked at, {len(looked.differences):,} {verb}.")
    if looked.differences:
        console.print(table(looked.differences))
    if len(looked.differences) > SHOWN:
        console.print(f"The first {SHOWN} are shown; --json lists all.")


def table(differences: list[Difference]) -> Table:
    shown = Table("account", "symbol", "number", "stored", "executions")
    for each in differences[:SHOWN]:
        for fault in each.faults:
            texts = [text if text is not None else "-" for text in told(fault)]
            shown.add_row(each.traded.account_name, each.traded.symbol, fault.field, *texts)
    return shown
