"""Is nothing left behind of what a bench starts?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.children import Child, ChildFailed
from tests.stack import is_alive, wait_for

SECONDS = 20.0
FAMILY = """
import json, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(json.dumps({"event": "started", "pid": grandchild.pid}), flush=True)
sys.stdin.read()
"""
DEAF = 'print(\'{"event": "started"}\', flush=True); import signal; signal.pause()'


def child(program: str, directory: Path) -> Child:
    return Child([sys.executable, "-c", program], directory / "child.log")


def test_a_child_ends_with_its_standard_input_and_its_own_children_with_it(tmp_path: Path) -> None:
    with child(FAMILY, tmp_path) as family:
        grandchild = family.event("started", SECONDS)["pid"]
        assert is_alive(grandchild)
    wait_for(lambda: not is_alive(grandchild) and not is_alive(family.pid), SECONDS, "the end of the family")


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = child(DEAF, tmp_path)
    deaf.event("started", SECONDS)
    deaf.end(seconds=0.1)
    assert not is_alive(deaf.pid)


def test_an_event_that_does_not_come_is_a_failure_that_names_it(tmp_path: Path) -> None:
    with child(FAMILY, tmp_path) as family, pytest.raises(ChildFailed, match="did not say ready"):
        family.event("ready", 0.1)


def test_the_end_of_a_child_is_noticed_while_something_is_awaited(tmp_path: Path) -> None:
    with child("", tmp_path) as short, pytest.raises(ChildFailed, match="ended before ready"):
        short.event("ready", SECONDS)


def test_what_this_shell_has_set_for_the_product_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMW_WEB_PORT", "1")
    program = "import json, os; print(json.dumps({'event': 'is', 'set': 'TMW_WEB_PORT' in os.environ}), flush=True)"
    with child(program, tmp_path) as one:
        assert one.event("is", SECONDS)["set"] is False
