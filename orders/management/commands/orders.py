"""`manage.py orders verify | diagram | bust | correct`: is every order what its history says, what may happen to one?

`bust` and `correct` are an operator's word on a trade about which the engine says nothing.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from orders.amendments import execution_amend
from orders.diagram import page
from orders.models import Order
from orders.verification import Difference, orders_verify
from tradingmw.errors import InvalidRequest, TradingError
from tradingmw.scaled import to_e8

SHOWN = 50


class Command(BaseCommand):
    help = "Looks at all orders as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        words = parser.add_subparsers(dest="word", required=True)
        verify = words.add_parser("verify", help="holds every order against its history; exit code 1 where one differs")
        verify.add_argument("--json", action="store_true", help="for machines")
        words.add_parser("diagram", help="prints docs/order-lifecycle.md")
        correct = words.add_parser("correct", help="a trade had this size and price")
        for amendment in (words.add_parser("bust", help="a trade is void"), correct):
            amendment.add_argument("exec_id")
            amendment.add_argument("--by", required=True, help="the operator's user name, for the audit")
            amendment.add_argument("--note", required=True, help="why, for the history and the audit")
        correct.add_argument("--quantity", required=True)
        correct.add_argument("--price", required=True)

    def handle(self, *args: Any, **given: Any) -> None:
        if given["word"] == "diagram":
            self.stdout.write(page(), ending="")
            return
        if given["word"] in ("bust", "correct"):
            self.stdout.write(amended(given))
            return
        looked, found = verified()
        if given["json"]:
            self.stdout.write(json.dumps(document(looked, found)))
        else:
            show(Console(file=cast(TextIO, self.stdout)), looked, found)
        if found:
            raise CommandError(f"{len(found)} of {looked} orders are not what their history says.", returncode=1)


def amended(given: dict[str, Any]) -> str:
    """What became of the order, as JSON."""
    try:
        terms = {f"{name}_e8": positive_e8(given[name]) for name in ("quantity", "price") if name in given}
        answer = execution_amend(exec_id=given["exec_id"], by=given["by"], note=given["note"], **terms)
        return json.dumps(answer.order)
    except TradingError as error:
        raise CommandError(error.detail) from error


def positive_e8(text: str) -> int:
    if (scaled := to_e8(text)) <= 0:
        raise InvalidRequest("Quantity and price must be more than 0.")
    return scaled


def verified() -> tuple[int, list[Difference]]:
    """All orders, with progress on standard error."""
    looked, found, total = 0, list[Difference](), Order.objects.count()
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} of {task.total:,} orders"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verify", total=total)
        for some, differing in orders_verify():
            looked += some
            found += differing
            progress.update(task, completed=looked)
    return looked, found


def document(looked: int, found: list[Difference]) -> dict[str, Any]:
    rows = [{"id": str(each.order_id), "clientOrderId": each.client_order_id, "faults": each.faults} for each in found]
    return {"orders": looked, "differences": rows}


def show(console: Console, looked: int, found: list[Difference]) -> None:
    console.print(f"{looked:,} orders looked at, {len(found):,} differ from their history.")
    if not found:
        return
    table = Table("order", "clientOrderId", "what is wrong")
    for each in found[:SHOWN]:
        table.add_row(str(each.order_id), each.client_order_id, "; ".join(each.faults))
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"The first {SHOWN} are shown; --json lists all.")
