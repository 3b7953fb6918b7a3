"""`manage.py verify_signatures [--since INSTANT] [--json]`: are all kept signatures good? Exit status 1 where not."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.signatures.verification import Verified, verified


def instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("State the offset from UTC.")
    return moment


class Command(BaseCommand):
    help = "Verifies the signatures of every kept request from its stored bytes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=instant, help="Only those that came later; RFC 3339 with its offset.")
        parser.add_argument("--json", action="store_true", help="A line of JSON per request.")

    def handle(self, *_args: Any, **options: Any) -> None:
        good = bad = 0
        for one in verified(options["since"]):
            good, bad = (good + 1, bad) if not one.fault else (good, bad + 1)
            if options["json"] or one.fault:
                self.stdout.write(json.dumps(one._asdict()) if options["json"] else line(one))
        if not options["json"]:
            self.stdout.write(f"{good + bad} signed requests, {good} good, {bad} bad")
        if bad:
            sys.exit(1)


def line(one: Verified) -> str:
    return f"BAD  {one.received_at}  {one.method:6}  request {one.id}  key {one.key}  user {one.user}  {one.fault}"
