"""Does each test that `docs/features.md` names exist, and does each feature stand there once?"""

from __future__ import annotations

import ast
import re

from tests.house.sources import ROOT

PAGE = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)


def defined_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_test_that_is_named_exists() -> None:
    known = {path: defined_in(path) for path, _ in NAMED}
    assert [(path, name) for path, name in NAMED if name not in known[path]] == []


def test_each_feature_stands_once_and_is_shown_by_a_test() -> None:
    rows = re.findall(r"^\| ([A-Z]\d+) \| [^|]+ \| (.+) \|$", PAGE, re.MULTILINE)
    numbers = [number for number, _ in rows]
    assert len(numbers) == len(set(numbers))
    assert [number for number, shown in rows if "::test_" not in shown] == []
