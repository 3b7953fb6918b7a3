"""`manage.py engine` says in one line why it cannot run."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--symbols", "3", "--replay", "x"], "exclude each other"),
        (["--replay", "nothing.jsonl"], "cannot be read"),
        (["--replay", "prices.txt"], "neither"),
        (["--speed", "0"], "--speed"),
        (["--symbols", "-1"], "--symbols"),
    ],
)
def test_arguments_that_make_no_market_are_refused_with_the_reason(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("engine", *arguments)
