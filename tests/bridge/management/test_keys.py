from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from bridge.management.commands.keys import WORDS
from bridge.sockets.keys import KeyFault, KeyRing, Role


def keys(directory: Path, word: str, **given: Any) -> str:
    """What the command says of keys in `directory`."""
    return WORDS[word](directory, {"json": False, "role": None, "key": None, "why": "", **given})


def test_a_change_of_keys_step_by_step(tmp_path: Path) -> None:
    keys(tmp_path, "make")
    first = KeyRing(tmp_path).public(Role.WEB).decode()
    assert "servers admit it within a second" in keys(tmp_path, "prepare", role="web")
    assert "one after another" in keys(tmp_path, "switch", role="web")
    assert keys(tmp_path, "revoke", role="web").startswith(f"{first} is revoked")
    second = KeyRing(tmp_path).public(Role.WEB).decode()
    listed = json.loads(keys(tmp_path, "list", json=True))
    assert {"role": "web", "file": "web.public", "key": second, "standing": "present"} in listed
    assert {"role": "", "file": "revoked", "key": first, "standing": "revoked"} in listed


def test_a_single_key_is_revoked_by_its_text(tmp_path: Path) -> None:
    keys(tmp_path, "make")
    key = KeyRing(tmp_path).public(Role.RECORDER).decode()
    keys(tmp_path, "revoke", key=key, why="laptop lost")
    assert f"recorder.public              revoked     {key}" in keys(tmp_path, "list")


def test_an_empty_directory_is_said_to_be_empty(tmp_path: Path) -> None:
    assert keys(tmp_path, "list") == f"no keys in {tmp_path}"


def test_a_step_out_of_turn_says_what_to_do(tmp_path: Path) -> None:
    keys(tmp_path, "make")
    with pytest.raises(KeyFault, match="There is no next key of web: prepare one"):
        keys(tmp_path, "switch", role="web")


@pytest.mark.parametrize("words", [["switch", "web"], ["revoke", "--key", "short"]])
def test_a_fault_is_the_commands_own_error(words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"no next key|40 Z85 characters"):
        call_command("keys", *words)


@pytest.mark.parametrize("words", [[], ["revoke"], ["revoke", "web", "--key", "x"], ["prepare", "nobody"]])
def test_an_order_that_is_not_whole_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("keys", *words)
