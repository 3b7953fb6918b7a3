"""Can a user test a system of his own with one command, and is he told what is wrong where he cannot?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from bench.children import ROOT
from tests.stack import Stack

SECONDS = 120
FEW = ["--sockets", "20", "--books", "5", "--seconds", "1", "--warm-seconds", "0.3", "--symbols", "3"]


def loadtest(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "loadtest", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


@pytest.mark.usefixtures("loadgen")
def test_a_running_system_is_tested_and_every_frame_is_checked(stack: Stack, tmp_path: Path) -> None:
    files = ["--json", str(tmp_path / "found.json"), "--chart", str(tmp_path / "chart.svg")]
    generous = ["--p99-ms", "60000", "--per-core-second", "0", "--kb-per-socket", "100000"]
    done = loadtest("--data-dir", str(stack.data_dir), *FEW, *generous, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((tmp_path / "found.json").read_text())
    measured = found["measured"]
    assert found["reached"]
    assert measured["updates"] > 0
    assert measured["checksums"] > 0
    assert "memory per connection, web process" in {line["what"] for line in found["lines"]}
    assert "pass" in done.stdout
    assert ElementTree.parse(tmp_path / "chart.svg")


@pytest.mark.usefixtures("loadgen")
def test_a_missed_target_is_an_exit_status_of_1(stack: Stack) -> None:
    done = loadtest("--url", stack.url, *FEW, "--p99-ms", "0.001")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL" in done.stdout


@pytest.mark.usefixtures("loadgen")
def test_a_wrong_password_is_named(stack: Stack) -> None:
    done = loadtest("--url", stack.url, "--username", "trader1", "--password", "wrong", *FEW)
    assert (done.returncode, "trader1 cannot log in" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "http://127.0.0.1:1"], "Nothing answers at http://127.0.0.1:1"),
        (["--url", "https://example.invalid"], "is not http://host:port"),
        (["--data-dir", "/nowhere"], "Nothing runs over /nowhere"),
    ],
)
def test_a_system_that_cannot_be_reached_is_named_with_what_to_do(words: list[str], said: str) -> None:
    done = loadtest(*words, *FEW)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_without_a_compiler_it_says_how_to_get_one(stack: Stack, tmp_path: Path) -> None:
    done = loadtest("--url", stack.url, *FEW, PATH=str(tmp_path), CXX="")
    assert (done.returncode, "apt install g++" in done.stderr) == (2, True), done.stderr
