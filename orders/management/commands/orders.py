"""`manage.py orders verify | diagram`: is every order what its history says, and what may happen to one?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from orders.diagram import page
from orders.models import Order
from orders.verification import Difference, orders_verify

SHOWN = 50


class Command(BaseCommand):
    help = "Looks at all orders as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        words = parser.add_subparsers(dest="word", required=True)
        verify = words.add_parser("verify", help="holds every order against its history; exit code 1 where one differs")
        verify.add_argument("--json", action="store_true", help="for machines")
        words.add_parser("diagram", help="prints docs/order-lifecycle.md")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["word"] == "diagram":
            self.stdout.write(page(), ending="")
            return
        looked, found = verified()
        if given["json"]:
            self.stdout.write(json.dumps(document(looked, found)))
        else:
            show(Console(file=cast(TextIO, self.stdout)), looked, found)
        if found:
            raise CommandError(f"{len(found)} of {looked} orders are not what their history says.", returncode=1)


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
