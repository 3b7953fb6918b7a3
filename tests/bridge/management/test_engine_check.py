"""`manage.py engine_check` tells in a table or in JSON what an engine does, and by its exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bridge.sockets.curve import KeyRing
from tests.bridge.conformance.engines import EngineThread


@pytest.fixture
def arguments(tmp_path: Path, keys_directory: Path) -> Iterator[list[str]]:
    """Which engine."""
    engine = EngineThread(tmp_path / "engine", KeyRing(keys_directory))
    assert engine.addresses is not None
    market_data, commands, queries, work = engine.addresses
    where = [commands, "--market-data", market_data, "--queries", queries, "--work", work]
    yield [*where, "--keys", str(keys_directory), "--patience", "20"]
    engine.end()


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("engine_check", *arguments, stdout=out)
    return out.getvalue()


def test_the_list_names_the_checks_and_asks_no_engine() -> None:
    assert "late-command" in said("--list")
    assert "mass-cancel" not in said("--list", "--core")


def test_a_table_tells_what_passed_and_the_exit_code_is_0(arguments: list[str]) -> None:
    assert "passed" in said(*arguments, "--only", "welcome")


def test_json_has_a_check_with_what_was_seen(arguments: list[str]) -> None:
    document = json.loads(said(*arguments, "--json", "--only", "welcome", "restart"))
    welcome, restart = document["checks"]
    assert (document["passed"], document["failed"], document["notRun"]) == (1, 0, 1)
    assert (welcome["name"], welcome["verdict"], welcome["section"]) == ("welcome", "passed", "Welcome")
    assert "--restart-command" in restart["seen"]


def test_a_check_that_fails_makes_exit_code_1(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"1 of 1 checks failed") as failed:
        said(*arguments, "--only", "restart", "--restart-command", f"{sys.executable} -c pass", "--patience", "2")
    assert failed.value.returncode == 1


def test_no_engine_at_the_address_is_told_with_exit_code_1(keys_directory: Path) -> None:
    with pytest.raises(CommandError, match="there is no engine") as failed:
        said("tcp://127.0.0.1:1", "--keys", str(keys_directory), "--patience", "0.2", "--only", "welcome")
    assert failed.value.returncode == 1


@pytest.mark.parametrize("wrong", [["--only", "nonsense"], ["--keys", "nowhere"], ["no-address"]])
def test_what_cannot_be_run_is_told_with_exit_code_2(wrong: list[str], keys_directory: Path) -> None:
    keys = [] if "--keys" in wrong else ["--keys", str(keys_directory)]
    with pytest.raises(CommandError) as failed:
        said("--patience", "0.2", *keys, *wrong)
    assert failed.value.returncode == 2
