"""`manage.py rotate_field_keys`: are all sealed columns under the newest key?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from tradingmw.resealing import BATCH_ROWS, Column, Resealed, column_reseal, sealed_columns
from tradingmw.sealed import seals

UNFINISHED = 1  #: exit code
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Seals every sealed column anew under the first key of TMW_FIELD_KEYS, while the system works. May be stopped "
        "and run again. Exit code 0: no value needs an older key any more; 1: some do, or did not open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("--batch", type=int, default=BATCH_ROWS, help="rows that are read at a time")

    def handle(self, *args: Any, **given: Any) -> None:
        tallies = resealed(max(1, given["batch"]))
        if given["json"]:
            self.stdout.write(json.dumps({"key": seals().sealing, "columns": [asdict(tally) for tally in tallies]}))
        else:
            show(Console(file=cast(TextIO, self.stdout)), tallies)
        if left := sum(tally.changed + len(tally.failed) for tally in tallies):
            raise CommandError(f"{left} values are not under the key {seals().sealing} yet.", returncode=UNFINISHED)


def resealed(batch_rows: int) -> list[Resealed]:
    """All columns, one after the other, with progress on standard error."""
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*bars, console=Console(stderr=True), transient=True) as progress:
        return [followed(column, batch_rows, progress) for column in sealed_columns()]


def followed(column: Column, batch_rows: int, progress: Progress) -> Resealed:
    *_, last = _advancing(column, batch_rows, progress)
    return last


def _advancing(column: Column, batch_rows: int, progress: Progress) -> Iterator[Resealed]:
    model, _ = column
    task = progress.add_task(model._meta.label, total=model._base_manager.count())
    for tally in column_reseal(column, batch_rows):
        progress.update(task, completed=tally.rows)
        yield tally


def show(console: Console, tallies: list[Resealed]) -> None:
    table = Table("column", "rows", "sealed anew", "changed meanwhile", "failed")
    for tally in tallies:
        counts = (tally.rows, tally.resealed, tally.changed, len(tally.failed))
        table.add_row(tally.column, *(f"{count:,}" for count in counts))
    console.print(table)
    for sentence in [sentence for tally in tallies for sentence in tally.failed][:SHOWN]:
        console.print(sentence)
