from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.bridge.recording.written import write


def listed(path: Path, *words: str) -> str:
    said = io.StringIO()
    call_command("replay", str(path), *words, stdout=said)
    return said.getvalue()


def test_the_list_says_what_is_in_a_recording(tmp_path: Path) -> None:
    lines = dict(line.split(maxsplit=1) for line in listed(write(tmp_path / "a.tmwrec", 20, 5), "--list").splitlines())
    assert lines["from"] == "2026-11-18T11:06:40.000000000Z"
    assert (lines["seconds"], lines["parts"], lines["instruments"]) == ("2.5", "2", "1")
    assert (lines["messages"], lines["published"], lines["snapshot"]) == ("29", "25", "2")


def test_the_list_is_told_to_machines_too(tmp_path: Path) -> None:
    found = json.loads(listed(write(tmp_path / "a.tmwrec", 3), "--json"))
    assert (found["counts"], found["fault"]) == ({"table": 1, "snapshot": 1, "published": 3}, "")


def test_a_recording_that_is_cut_off_is_listed_and_then_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tmwrec", 20)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CommandError, match=r"a\.tmwrec is cut off"):
        listed(path, "--list")


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("none.tmwrec", ["--list"], "cannot be read: No such file"),
        ("other.tmwrec", ["--list"], "is not a recording of"),
        ("none.tmwrec", [], "cannot be read: No such file"),
        ("other.csv", [], "does not end in .tmwrec"),
        ("other.tmwrec", ["--speed", "0"], "--speed must be more than 0"),
        ("other.tmwrec", ["--seek", "noon"], "is not a recording of"),
    ],
)
def test_what_cannot_be_played_is_named(tmp_path: Path, name: str, words: list[str], said: str) -> None:
    (tmp_path / "other.tmwrec").write_bytes(b"symbol,price\n")
    with pytest.raises(CommandError, match=said):
        call_command("replay", str(tmp_path / name), *words)


def test_a_recording_without_a_message_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is empty: the engine was not heard"):
        call_command("replay", str(write(tmp_path / "a.tmwrec")))


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.tmwrec").write_bytes(b"dear")
    call_command("keys", "make")
    with pytest.raises(CommandError, match="exists already: choose another name"):
        call_command("record", str(tmp_path / "a.tmwrec"))
