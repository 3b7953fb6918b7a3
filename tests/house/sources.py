"""Which Python files are ours? Read once, parsed once, for all checks of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tradingmw", "bridge", "accounts", "notifications", "marketdata", "orders", "preferences")
SINGLE_FILES = ("dev.py", "manage.py")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """A Python file of ours."""

    path: Path  #: relative to the project
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[FunctionNode]:
        return (node for node in ast.walk(self.tree) if isinstance(node, FunctionNode))

    def imported(self) -> Iterator[tuple[int, str]]:
        """(line, dotted name) of everything imported anywhere in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module or '.'}.{name.name}") for name in node.names)


@cache
def product() -> tuple[Source, ...]:
    """What runs in production and the development engine; migrations are Django's writing."""
    paths = [ROOT / name for name in SINGLE_FILES]
    paths += [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(_read(path) for path in paths if "migrations" not in path.parts)


@cache
def checking() -> tuple[Source, ...]:
    return tuple(_read(path) for path in sorted((ROOT / "tests").rglob("*.py")))


def length(node: FunctionNode) -> int:
    """Lines from `def` to the last one."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT), text, ast.parse(text, str(path)))
