from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zmq

from bridge.sockets.key_changes import Standing, listed_keys, prepare, revoke, revoke_old, switch
from bridge.sockets.keys import REVOKED, KeyFault, KeyRing, Role, make_keys, public_path, secret_path

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    make_keys(tmp_path)
    return tmp_path


def admitted(directory: Path) -> frozenset[bytes]:
    ring = KeyRing(directory)
    return ring.listed(Role.WEB) - ring.revoked()


def standings(directory: Path) -> dict[str, Standing]:
    return {key.file: key.standing for key in listed_keys(directory) if key.role in ("web", "")}


def test_a_role_always_has_a_key_that_is_admitted(directory: Path) -> None:
    ring = KeyRing(directory)
    first = ring.public(Role.WEB)
    second = prepare(directory, Role.WEB)
    assert (ring.public(Role.WEB), admitted(directory)) == (first, {first, second})
    assert switch(directory, Role.WEB) == second
    assert (ring.public(Role.WEB), admitted(directory)) == (second, {first, second})
    assert zmq.curve_public(ring.secret(Role.WEB)) == second
    assert revoke_old(directory, Role.WEB, NOW) == first
    assert admitted(directory) == {second}


def test_the_next_change_is_like_the_first(directory: Path) -> None:
    seen = {KeyRing(directory).public(Role.WEB)}
    for _ in range(3):
        seen.add(prepare(directory, Role.WEB))
        switch(directory, Role.WEB)
        revoke_old(directory, Role.WEB, NOW)
    assert admitted(directory) == {KeyRing(directory).public(Role.WEB)}
    assert KeyRing(directory).revoked() == seen - admitted(directory)


def test_a_second_prepare_keeps_the_key_of_the_first(directory: Path) -> None:
    assert prepare(directory, Role.WEB) == prepare(directory, Role.WEB)


def test_a_switch_that_was_broken_off_is_repeated(directory: Path) -> None:
    first, second = KeyRing(directory).public(Role.WEB), prepare(directory, Role.WEB)
    public_path(directory, Role.WEB, "old").write_bytes(first)
    secret_path(directory, Role.WEB, "next").replace(secret_path(directory, Role.WEB))
    with pytest.raises(KeyFault, match="switch again"):
        prepare(directory, Role.WEB)
    assert switch(directory, Role.WEB) == second
    assert admitted(directory) == {first, second}


def test_a_switch_without_a_next_key_is_refused(directory: Path) -> None:
    with pytest.raises(KeyFault, match="no next key of web"):
        switch(directory, Role.WEB)


def test_a_change_before_the_last_one_is_over_is_refused(directory: Path) -> None:
    prepare(directory, Role.WEB)
    switch(directory, Role.WEB)
    prepare(directory, Role.WEB)
    with pytest.raises(KeyFault, match="to be revoked first"):
        switch(directory, Role.WEB)


def test_a_role_without_a_key_has_no_next_one(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match=r"web\.public cannot be read"):
        prepare(tmp_path, Role.WEB)


def test_there_is_nothing_to_revoke_before_a_switch(directory: Path) -> None:
    with pytest.raises(KeyFault, match="no old key of web"):
        revoke_old(directory, Role.WEB, NOW)


def test_a_revoked_key_is_listed_with_its_time_and_reason_once(directory: Path) -> None:
    key = KeyRing(directory).public(Role.RECORDER)
    revoke(directory, key, "laptop\n lost", NOW)
    revoke(directory, key, "again", NOW)
    assert (directory / REVOKED).read_bytes() == key + b" 2026-11-23T07:30:00Z laptop lost\n"


@pytest.mark.parametrize("key", [b"", b"short", b"~" * 40, b"%%%%%" * 8, b"x" * 41])
def test_what_is_no_key_cannot_be_revoked(directory: Path, key: bytes) -> None:
    with pytest.raises(KeyFault, match="40 Z85 characters"):
        revoke(directory, key, "", NOW)
    assert not (directory / REVOKED).exists()


def test_the_list_says_what_each_key_is_good_for(directory: Path) -> None:
    prepare(directory, Role.WEB)
    public_path(directory, Role.WEB, "stale").write_bytes(b"not a key")
    revoke(directory, KeyRing(directory).public(Role.WEB), "", NOW)
    with (directory / REVOKED).open("ab") as file:
        file.write(b"mistyped\n")
    assert standings(directory) == {
        "web.public": Standing.REVOKED,
        "web.next.public": Standing.ADMITTED,
        "web.stale.public": Standing.UNREADABLE,
        REVOKED: Standing.UNREADABLE,
    }


@pytest.mark.parametrize("step", [prepare, switch, lambda directory, role: revoke_old(directory, role, NOW)])
def test_no_step_leaves_a_draft_behind(directory: Path, step: Callable[[Path, Role], bytes]) -> None:
    prepare(directory, Role.WEB)
    if step is not prepare and step is not switch:
        switch(directory, Role.WEB)
    step(directory, Role.WEB)
    assert [path.name for path in directory.iterdir() if path.name.startswith(".")] == []
