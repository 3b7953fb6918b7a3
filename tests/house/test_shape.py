"""Does the code keep the measures: short functions, short files, no import that hides, names of the trade?"""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests.house.sources import ROOT, Source, checking, length, product

LONGEST_FUNCTION = 50
LONGEST_FILE = 300
MEDIAN_FUNCTION = 8
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
#: Django runs `ready` when every app is loaded; only there may an import wait.
LATE_IMPORTS = {"ready"}
#: These poll a condition with a deadline; everything else asks them to.
MAY_SLEEP = {
    Path("tests/stack.py"),
    Path("tests/bridge/waiting.py"),
    Path("tests/bridge/sockets/stalling_subscriber.py"),  # to stand still is what it is for
    Path("tests/marketdata/stall.py"),
}
#: Names that a framework prescribes.
BACKENDS = ("tradingmw/sqlite", "tests/house/mssql_offline", "tests/faults/unlucky_database")
PRESCRIBED_NAMES = {Path(backend) / "base.py" for backend in BACKENDS}  # by Django
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")


def test_no_function_is_longer_than_fifty_lines() -> None:
    assert [
        f"{source.path}:{node.lineno} {node.name} has {length(node)} lines"
        for source in product()
        for node in source.functions()
        if length(node) > LONGEST_FUNCTION
    ] == []


def test_the_typical_function_has_at_most_eight_lines() -> None:
    assert statistics.median(length(node) for source in product() for node in source.functions()) <= MEDIAN_FUNCTION


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    assert [
        f"{source.path} has {lines} lines"
        for source in product()
        if (lines := len(source.text.splitlines())) > LONGEST_FILE
    ] == []


def test_every_module_of_the_platform_stands_on_a_floor() -> None:
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / "tradingmw").glob("*.py")} - {"__init__", "settings"}
    assert [module for module in sorted(modules) if not re.search(rf"\btradingmw\.{module}\b", contract)] == []


def test_no_import_hides_in_a_function() -> None:
    assert [
        f"{source.path}:{inner.lineno}"
        for source in product()
        for node in source.functions()
        if node.name not in LATE_IMPORTS
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ] == []


def test_files_are_named_after_the_trade_and_not_after_nothing() -> None:
    assert [
        str(source.path)
        for source in (*product(), *checking())
        if VAGUE_NAMES & set(words(source)) and source.path not in PRESCRIBED_NAMES
    ] == []


def words(source: Source) -> list[str]:
    return [word for part in source.path.with_suffix("").parts for word in part.lower().split("_")]


def test_every_module_opens_with_the_question_it_answers() -> None:
    assert [
        str(source.path)
        for source in product()
        if source.text.strip() and source.path.name != "apps.py" and not ast.get_docstring(source.tree)
    ] == []


def test_nothing_is_left_unfinished() -> None:
    assert [
        f"{source.path}:{number} {line.strip()}"
        for source in (*product(), *checking())
        for number, line in enumerate(source.text.splitlines(), 1)
        if UNFINISHED.search(line)
    ] == []


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("zmq.asyncio", "it needs add_reader, which the proactor loop of Windows lacks"),
        ("daphne", "it buffers slow sockets without limit and forces the selector loop"),
        ("twisted", "it comes with daphne"),
    ],
)
def test_what_this_project_must_not_import_is_not_imported(module: str, reason: str) -> None:
    assert [
        f"{source.path}:{line} imports {name}: {reason}"
        for source in (*product(), *checking())
        for line, name in source.imported()
        if name == module or name.startswith(f"{module}.")
    ] == []


def test_no_test_sleeps_in_place_of_a_condition() -> None:
    assert [
        f"{source.path}:{node.lineno}"
        for source in checking()
        if source.path not in MAY_SLEEP
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep")
    ] == []


def test_no_loop_swallows_an_exception_in_silence() -> None:
    """`except Exception: pass` hides the one fault that mattered."""
    broad = {"Exception", "BaseException"}
    assert [
        f"{source.path}:{handler.lineno}"
        for source in product()
        for handler in ast.walk(source.tree)
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or ast.unparse(handler.type) in broad)
        and all(isinstance(line, ast.Pass | ast.Continue) for line in handler.body)
    ] == []
