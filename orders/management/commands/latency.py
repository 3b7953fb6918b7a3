"""`manage.py latency`: where does the time of an order go, hop by hop?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from orders.latency import PERCENTILES, Latency, latencies

NEWEST = 20_000
WAYS = {
    "web": "web process → order bridge",
    "decide": "→ decided",
    "commit": "→ durable",
    "send": "→ handed to the network",
    "engine": "→ done by the engine",
    "report": "engine → order bridge",
    "apply": "→ report decided",
    "order": "web process → engine's word decided",
}


class Command(BaseCommand):
    help = "Shows the percentiles of each hop that orders take, from the stamps of their history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines; microseconds")
        parser.add_argument("--newest", type=int, default=NEWEST, help=f"so many events at most (default: {NEWEST:,})")
        parser.add_argument("--minutes", type=float, help="only of the last minutes")

    def handle(self, *args: Any, **given: Any) -> None:
        minutes = given["minutes"]
        since = datetime.now(UTC) - timedelta(minutes=minutes) if minutes else None
        found = latencies(newest=given["newest"], since=since)
        if given["json"]:
            self.stdout.write(json.dumps({each.hop: document(each) for each in found}))
        elif not found:
            raise CommandError("There are no orders with stamps.", returncode=1)
        else:
            show(Console(file=cast(TextIO, self.stdout)), found)


def document(latency: Latency) -> dict[str, int]:
    named = {f"p{each}": us for each, us in zip(PERCENTILES, latency.percentiles, strict=True)}
    return {"count": latency.passages, **{"max" if name == "p100" else name: us for name, us in named.items()}}


def show(console: Console, found: list[Latency]) -> None:
    table = Table("hop", "from → to", title="milliseconds")
    for heading in ("count", "p50", "p90", "p99", "max"):
        table.add_column(heading, justify="right")
    for each in found:
        table.add_row(each.hop, WAYS[each.hop], f"{each.passages:,}", *(f"{us / 1000:.2f}" for us in each.percentiles))
    console.print(table)
