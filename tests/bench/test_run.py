"""Does the one command run, from the engine to the table?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import tools
from bench.children import ROOT

SECONDS = 120


def contenders() -> list[str]:
    """Ourselves, and a peer where Node.js is here."""
    try:
        tools.node(print)
    except tools.Missing:
        return ["ours"]
    return ["ours", "ws"]


@pytest.mark.usefixtures("loadgen")
def test_a_small_load_reaches_every_socket_whole(tmp_path: Path) -> None:
    names = contenders()
    words = ["--load", "smoke", "--repetitions", "1", "--json", str(tmp_path / "found.json"), "--only", *names]
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "fanout", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["contender"]: row for row in json.loads((tmp_path / "found.json").read_text())["runs"]}
    assert {name: rows[name]["faults"] for name in names} == dict.fromkeys(names, 0)
    assert all(rows[name]["delivered_per_second"] > 0 for name in names)


def test_an_unknown_load_is_named() -> None:
    command = [sys.executable, str(ROOT / "bench" / "run.py"), "fanout", "--load", "Z"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 2
    assert "'Z'" in done.stderr
