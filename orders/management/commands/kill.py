"""`manage.py kill`: halt trading now, and cancel what is open. Works without the web, and without the database."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from orders.states.asking import killed
from orders.states.services import Named, named_target, wanted
from tradingmw.errors import TradingError

LEFT = (
    "No order bridge has answered ({why}). The kill is recorded in a file: a bridge of this data directory halts "
    "within a second of finding it. Look whether one runs elsewhere."
)


class Command(BaseCommand):
    help = (
        "Halts trading for the firm, a desk, a user or a symbol, and cancels the open orders there. "
        "Two persons let go again, over REST. Exit code 0: in force; 3: recorded, and no bridge has answered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--firm", action="store_true", help="everybody and everything")
        for scope in (Scope.DESK, Scope.USER, Scope.SYMBOL):
            which.add_argument(f"--{scope.value}", metavar="NAME")
        parser.add_argument("--reason", required=True, help="one line, told to whom it binds")

    def handle(self, *args: Any, **given: Any) -> None:
        one = wanted(named(given), TradingState.HALTED, given["reason"][:200], None, f"{getpass.getuser()} (operator)")
        answer, why = killed(one)
        if answer is None:
            raise CommandError(LEFT.format(why=why), returncode=3)
        recorded = "" if answer.recorded else " It could not be recorded: a restart would forget it."
        self.stdout.write(f"Halted: {one.scope.value} {one.name}".rstrip() + "." + recorded)


def named(given: dict[str, Any]) -> Named:
    scope = next((scope for scope in Scope if scope is not Scope.FIRM and given[scope.value]), Scope.FIRM)
    try:
        return named_target(scope, given.get(scope.value) or "" if scope is not Scope.FIRM else "")
    except TradingError as error:
        raise CommandError(error.detail) from error
    except Error as error:
        raise CommandError(f"The database cannot name it; --firm and --symbol need none. {error}") from error
