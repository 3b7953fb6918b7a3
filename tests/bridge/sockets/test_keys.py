import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from bridge.sockets.keys import ADMITTED, Domain, KeyFault, KeyRing, Role, make_keys

MAKE = "import sys; from pathlib import Path; from bridge.sockets.keys import make_keys; make_keys(Path(sys.argv[1]))"


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_every_role_gets_a_pair_that_belongs_together(tmp_path: Path) -> None:
    make_keys(tmp_path)
    ring = KeyRing(tmp_path)
    assert {role: zmq.curve_public(ring.secret(role)) for role in Role} == {role: ring.public(role) for role in Role}
    assert len({ring.secret(role) for role in Role}) == len(Role)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_only_the_owner_may_read_a_key_file(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert (modes, stat.S_IMODE((tmp_path / "keys").stat().st_mode)) == ({0o600}, 0o700)


def test_keys_that_stand_there_are_kept(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = contents(tmp_path)
    make_keys(tmp_path)
    assert contents(tmp_path) == before


def test_a_missing_public_key_is_made_again_from_its_secret(tmp_path: Path) -> None:
    make_keys(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "web.public").unlink()
    make_keys(tmp_path)
    assert contents(tmp_path) == before


def test_starters_that_race_agree_on_one_set_of_keys(tmp_path: Path) -> None:
    racers = [subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)]) for _ in range(4)]
    assert [racer.wait(60) for racer in racers] == [0, 0, 0, 0]
    ring = KeyRing(tmp_path)
    assert all(zmq.curve_public(ring.secret(role)) == ring.public(role) for role in Role)
    assert len(contents(tmp_path)) == 2 * len(Role)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match=r"web\.secret cannot be read"):
        KeyRing(tmp_path).secret(Role.WEB)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 39, b"x" * 41, b"\xff" * 40, b"~" * 40, b"%%%%%" * 8])
def test_a_malformed_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "engine.public").write_bytes(content)
    with pytest.raises(KeyFault, match=r"engine\.public does not hold a key"):
        KeyRing(tmp_path).public(Role.ENGINE)


def test_a_line_break_after_the_key_does_not_matter(tmp_path: Path) -> None:
    key = zmq.curve_keypair()[0]
    (tmp_path / "engine.public").write_bytes(key + b"\r\n")
    assert KeyRing(tmp_path).public(Role.ENGINE) == key


def test_a_fault_never_shows_the_key(tmp_path: Path) -> None:
    (tmp_path / "web.secret").write_bytes(b"s3cret" * 7)
    with pytest.raises(KeyFault) as fault:
        KeyRing(tmp_path).secret(Role.WEB)
    assert "s3cret" not in str(fault.value)


def test_web_processes_never_reach_the_engine() -> None:
    assert Role.WEB not in ADMITTED[Domain.ENGINE]
