"""How is the key pair of a role changed while the system works, and how is a key taken out of use?

Three steps, and no moment at which a role has no key that is admitted: `prepare` makes the next pair, whose public key
is admitted beside the present one; `switch` puts it in place, the present public key becomes the old one and stays
admitted; `revoke` ends the old one. Every step may be broken off and repeated. Servers look at the files
each half second (`curve.py`).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from zmq.utils import z85

from bridge.sockets.keys import (
    KEY_CHARACTERS,
    REVOKED,
    KeyFault,
    KeyRing,
    Role,
    make_pair,
    public_path,
    read_key,
    secret_path,
    write_once,
)

NEXT, OLD = "next", "old"


class Standing(StrEnum):
    """What a public key is good for."""

    PRESENT = "present"  #: what the role proves itself with
    ADMITTED = "admitted"  #: let in beside it
    REVOKED = "revoked"
    UNREADABLE = "unreadable"


class ListedKey(NamedTuple):
    """A file of a public key; `key` is empty where it cannot be read."""

    role: str
    file: str
    key: str
    standing: Standing


def prepare(directory: Path, role: Role) -> bytes:
    """Make the next pair of `role`, unless it is there; its public key is admitted from the next look on.

    `KeyFault` where the role has no key yet, or a `switch` is to be repeated.
    """
    read_key(public_path(directory, role))
    secret, public = secret_path(directory, role, NEXT), public_path(directory, role, NEXT)
    if public.exists() and not secret.exists():
        raise KeyFault(f"The last switch of {role} was broken off: switch again.")
    make_pair(secret, public)
    return read_key(public)


def switch(directory: Path, role: Role) -> bytes:
    """Put the next pair in place; processes of `role` prove themselves with it from their next start on.

    `KeyFault` where there is no next pair, or an older key still waits to be revoked.
    """
    coming, going = public_path(directory, role, NEXT), public_path(directory, role, OLD)
    secret, public = secret_path(directory, role), public_path(directory, role)
    if not coming.exists():
        raise KeyFault(f"There is no next key of {role}: prepare one, and give servers a second to admit it.")
    if going.exists() and read_key(going) != read_key(public):
        raise KeyFault(f"The last change of {role} is not over: its old key is to be revoked first.")
    write_once(going, read_key(public))
    if secret_path(directory, role, NEXT).exists():  # else the step was broken off here the last time
        secret_path(directory, role, NEXT).replace(secret)
    coming.replace(public)
    return read_key(public)


def revoke_old(directory: Path, role: Role, at: datetime) -> bytes:
    """Take the key that `switch` left behind out of use for ever; `KeyFault` where there is none."""
    going = public_path(directory, role, OLD)
    if not going.exists():
        raise KeyFault(f"There is no old key of {role}: nothing was switched, or it is revoked already.")
    key = read_key(going)
    revoke(directory, key, f"{role}, changed", at)
    going.unlink()
    return key


def revoke(directory: Path, key: bytes, why: str, at: datetime) -> None:
    """Take `key` out of use for ever, whichever files it stands in; harmless when repeated. `KeyFault`: no key."""
    if not _is_key(key):
        raise KeyFault(f"A public key has {KEY_CHARACTERS} Z85 characters.")
    if key in KeyRing(directory).revoked():
        return
    line = key + f" {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {' '.join(why.split())}\n".encode()
    handle = os.open(directory / REVOKED, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def listed_keys(directory: Path) -> Iterator[ListedKey]:
    """Every file of a public key, by role; then what `revoked` names and no file holds."""
    revoked = KeyRing(directory).revoked()
    shown: set[bytes] = set()
    for role in Role:
        for path in (public_path(directory, role), *sorted(directory.glob(f"{role}.*.public"))):
            if path.exists():
                listed = _listed(role, path, revoked, is_own=path == public_path(directory, role))
                shown.add(listed.key.encode("ascii"))
                yield listed
    for key in sorted(revoked - shown):
        standing = Standing.REVOKED if _is_key(key) else Standing.UNREADABLE
        yield ListedKey("", REVOKED, key.decode("ascii", "replace"), standing)


def _listed(role: Role, path: Path, revoked: frozenset[bytes], *, is_own: bool) -> ListedKey:
    try:
        key = read_key(path)
    except KeyFault:
        return ListedKey(role, path.name, "", Standing.UNREADABLE)
    good_for = Standing.PRESENT if is_own else Standing.ADMITTED
    return ListedKey(role, path.name, key.decode("ascii"), Standing.REVOKED if key in revoked else good_for)


def _is_key(key: bytes) -> bool:
    try:
        return len(key) == KEY_CHARACTERS and len(z85.decode(key)) == KEY_CHARACTERS * 4 // 5
    except (ValueError, KeyError, struct.error):
        return False
