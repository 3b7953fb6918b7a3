"""Do the checkers agree: style, types, import contracts, migrations? The same everywhere, as tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

BIN = Path(sys.executable).parent


def run(*command: str) -> None:
    """Run a checker of this environment; its whole output where it finds fault."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace")
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


def test_ruff_finds_no_fault() -> None:
    run(sys.executable, "-m", "ruff", "check", ".")


def test_the_code_is_formatted() -> None:
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.mark.timeout(400)
def test_the_types_are_strict() -> None:
    run(sys.executable, "-m", "mypy")


def test_imports_point_down_only() -> None:
    run(str(BIN / "lint-imports"))


def test_no_migration_is_missing() -> None:
    run(sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")


def test_django_finds_no_fault_in_the_project() -> None:
    run(sys.executable, "manage.py", "check", "--fail-level", "WARNING")
