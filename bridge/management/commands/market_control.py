"""`manage.py market_control bust | correct | enter`: step in at the development engine, as an exchange's staff may."""

from __future__ import annotations

import time
import uuid
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bridge.simulator.market_control import (
    DIRECTORY,
    REFUSED,
    AnyInstruction,
    Bust,
    Correct,
    EnterOrder,
    instruct,
)
from bridge.wire.vocabulary import Side
from tradingmw.env import env
from tradingmw.errors import InvalidRequest
from tradingmw.scaled import to_e8

PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.05


class Command(BaseCommand):
    help = "Breaks or corrects a trade at the development engine, or enters an order that the bridge never sent."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--timeout", type=float, default=PATIENCE_SECONDS, help="seconds to wait for the engine")
        words = parser.add_subparsers(dest="word", required=True)
        bust = words.add_parser("bust", help="the trade is void")
        bust.add_argument("exec_id")
        correct = words.add_parser("correct", help="the trade had this size and price")
        correct.add_argument("exec_id")
        enter = words.add_parser("enter", help="a limit order for an account, as if by telephone")
        for name in ("account", "client_order_id", "symbol"):
            enter.add_argument(name)
        enter.add_argument("side", choices=[side.value for side in Side])
        for priced in (correct, enter):
            priced.add_argument("quantity", type=positive_e8)
            priced.add_argument("price", type=positive_e8)

    def handle(self, *args: Any, **given: Any) -> None:
        said = instruct(env().data_dir / "engine" / DIRECTORY, INSTRUCTIONS[given["word"]](given))
        outcome = awaited(said, given["timeout"])
        if outcome.startswith(REFUSED):
            raise CommandError(outcome)
        self.stdout.write(outcome)


def positive_e8(text: str) -> int:
    try:
        scaled = to_e8(text)
    except InvalidRequest as error:
        raise ArgumentTypeError(str(error)) from error
    if scaled <= 0:
        raise ArgumentTypeError("It must be more than 0.")
    return scaled


def awaited(path: Path, seconds: float) -> str:
    """The engine's answer, once it is there."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if path.exists():
            outcome = path.read_text(encoding="utf-8")
            path.unlink()
            return outcome
        time.sleep(LOOK_SECONDS)
    path.with_suffix(".json").unlink(missing_ok=True)
    raise CommandError("No engine serves this data directory.")


def bust(given: dict[str, Any]) -> AnyInstruction:
    return Bust(exec_id=given["exec_id"])


def correct(given: dict[str, Any]) -> AnyInstruction:
    return Correct(exec_id=given["exec_id"], quantity_e8=given["quantity"], price_e8=given["price"])


def enter(given: dict[str, Any]) -> AnyInstruction:
    return EnterOrder(
        order_id=uuid.uuid4(),
        account=given["account"],
        client_order_id=given["client_order_id"],
        symbol=given["symbol"],
        side=Side(given["side"]),
        quantity_e8=given["quantity"],
        price_e8=given["price"],
    )


INSTRUCTIONS = {"bust": bust, "correct": correct, "enter": enter}
