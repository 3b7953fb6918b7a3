"""Is what several benches need at the same moment built once, and whole before anybody uses it?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bench.tools import BUILD, when_changed
from tests.stack import ROOT

BUILDER = """
import sys
from pathlib import Path
from bench.tools import when_changed

made, source, log = map(Path, sys.argv[1:])

def make():
    with log.open("a") as lines:
        lines.write("begun\\n")
        made.write_text(source.read_text())
        lines.write("done\\n")

when_changed(made, [source], make)
assert made.read_text() == source.read_text()
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / f"made-{uuid4().hex}"
    yield path
    for left in BUILD.glob(f"{path.name}.*"):
        left.unlink()


def test_what_three_processes_need_is_built_by_one_of_them(tmp_path: Path, made: Path) -> None:
    source, log = tmp_path / "source", tmp_path / "log"
    source.write_text("x" * 100_000)
    command: list[str | Path] = [sys.executable, "-c", BUILDER, made, source, log]
    builders = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [builder.wait(timeout=60) for builder in builders] == [0, 0, 0]
    assert log.read_text().split() == ["begun", "done"]


def test_another_source_is_built_anew_and_the_same_is_not(tmp_path: Path, made: Path) -> None:
    source, built = tmp_path / "source", list[str]()

    def make() -> None:
        built.append(source.read_text())
        made.write_text(source.read_text())

    for text in ("one", "one", "two", "two"):
        source.write_text(text)
        when_changed(made, [source], make)
    assert built == ["one", "two"]


def test_a_build_that_fails_is_tried_again(tmp_path: Path, made: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one")

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        when_changed(made, [source], broken)
    when_changed(made, [source], made.touch)
    assert made.exists()
