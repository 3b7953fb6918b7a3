"""`manage.py limits list | load`: which limits are there, and a whole sheet of proposals from a file.

A sheet is proposed in the name of a user, who needs the right; a second person approves each, over REST or in admin.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table

from accounts.models import User
from accounts.rights import rights_of
from orders.instants import micros
from orders.limits.loading import spans_of_all
from orders.limits.selectors import RELATED, Shown, in_force
from orders.limits.services import Actor
from orders.limits.shapes import Shape, limit_shape
from orders.limits.sheet import BadSheet, Fault, sheet_propose
from orders.models import RiskLimit
from orders.models.limits import LimitState
from tradingmw.errors import TradingError

MOST = 1_000_000


class Command(BaseCommand):
    help = "Lists limits, and takes sheets of proposals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        words = parser.add_subparsers(dest="word", required=True)
        listing = words.add_parser("list", help="limits in force, or with --state those that wait, or all")
        listing.add_argument("--state", choices=[word.value for word in Shown], default=Shown.EFFECTIVE.value)
        load = words.add_parser("load", help="a CSV file of proposals: all of it, or nothing and every fault")
        load.add_argument("file", type=Path)
        load.add_argument("--by", required=True, help="in whose name they are proposed")
        for each in (listing, load):
            each.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["word"] == "list":
            limits = listed(Shown(given["state"]))
        else:
            limits = [shape_of(row) for row in self._loaded(given["file"], given["by"], given["json"])]
        if given["json"]:
            self.stdout.write(json.dumps({"limits": limits}))
        else:
            show(Console(file=cast(TextIO, self.stdout)), limits)

    def _loaded(self, path: Path, username: str, as_json: bool) -> list[RiskLimit]:
        try:
            return loaded(path, acting(username))
        except BadSheet as bad:
            if as_json:
                self.stdout.write(json.dumps({"limits": [], "faults": [fault._asdict() for fault in bad.faults]}))
            else:
                show_faults(Console(file=cast(TextIO, self.stdout)), bad.faults)
            raise CommandError(str(bad)) from bad
        except TradingError as error:
            raise CommandError(error.detail) from error
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error


def acting(username: str) -> Actor:
    """Who is at the machine may propose in another's name; nobody decides here."""
    user = User.objects.filter(username=username.lower(), is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {username}.")
    return Actor(user, rights_of(user), is_proven=True)


def loaded(path: Path, by: Actor) -> list[RiskLimit]:
    """With progress on standard error."""
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} rows"))
    with (
        path.open(encoding="utf-8-sig", newline="") as file,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("load", total=None)
        return sheet_propose(file, by, lambda more: progress.advance(task, more))


def listed(shown: Shown) -> list[Shape]:
    """Newest first."""
    rows = RiskLimit.objects.select_related(*RELATED).order_by("-proposed_at", "-id")
    if shown is Shown.EFFECTIVE:
        approved = rows.filter(state=LimitState.APPROVED.value)
        return in_force(approved, spans_of_all(), micros(timezone.now()), None, MOST).items
    if shown is Shown.PROPOSED:
        rows = rows.filter(state=LimitState.PROPOSED.value)
    now_us, spans = micros(timezone.now()), spans_of_all()
    return [limit_shape(row, spans.of(row.id), now_us) for row in rows.iterator(chunk_size=500)]


def shape_of(row: RiskLimit) -> Shape:
    return limit_shape(row, [], micros(timezone.now()))


def show(console: Console, limits: list[Shape]) -> None:
    """Their ids come with --json."""
    console.print(f"{len(limits):,} limits.")
    if not limits:
        return
    state, rule = (Column(name, no_wrap=True) for name in ("state", "rule"))
    table = Table(state, rule, "whom", "value", "breach", "from", "until")
    for limit in limits:
        whom = " ".join(filter(None, (limit["scope"], limit["target"], limit["symbol"])))
        value, days = limit["value"] or "", [(limit[name] or "")[:10] for name in ("effectiveFrom", "effectiveUntil")]
        table.add_row(limit["state"], limit["rule"], whom, value, limit["breach"], *days)
    console.print(table)


def show_faults(console: Console, faults: list[Fault]) -> None:
    table = Table("line", "field", "what is wrong")
    for fault in faults:
        table.add_row(str(fault.line), fault.field, fault.detail)
    console.print(table)
