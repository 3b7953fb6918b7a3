"""`manage.py freeze`: halt a user's trading, cancel his orders and log him off, wherever he is."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.client import Client
from accounts.models import User
from orders.core.trading_states import TradingState
from orders.states.freezing import user_freeze
from orders.states.services import named_user, wanted


class Command(BaseCommand):
    help = "Halts a user's trading, cancels his open orders and ends his sessions; with --suspend he gets no new ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USERNAME")
        parser.add_argument("--reason", required=True, help="one line, told to him")
        parser.add_argument("--suspend", action="store_true", help="he cannot log in either until staff says so")

    def handle(self, *args: Any, **given: Any) -> None:
        user = User.objects.select_related("account").filter(username=given["user"].lower()).first()
        if user is None:
            raise CommandError("There is no such user.")
        by_name = f"{getpass.getuser()} (operator)"
        one = wanted(named_user(user), TradingState.HALTED, given["reason"][:200], None, by_name)
        client = Client(None, "manage.py freeze")
        (answer, why), ended = user_freeze(user=user, wanted=one, client=client, by=None, suspend=given["suspend"])
        self.stdout.write(f"{user.username} is frozen; {ended} sessions were ended.")
        if answer is None:
            raise CommandError(
                f"No order bridge has answered ({why}): his trading is halted when one does.", returncode=3
            )
