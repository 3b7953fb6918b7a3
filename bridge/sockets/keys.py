"""Which part of the system proves itself with which key, and which parts does a server let in?

One CURVE key pair per role, in files; further public keys of a role may be admitted beside it (`<role>.<word>.public`),
and what stands in `revoked` is not. A CURVE server without a ZAP handler lets in every key, so each server socket
carries a domain and enforces it: without a running `Gatekeeper` (`curve.py`) nobody gets in.
"""

from __future__ import annotations

import logging
import os
import secrets
import struct
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

import zmq
from zmq.utils import z85

logger = logging.getLogger(__name__)

KEY_CHARACTERS = 40
REVOKED = "revoked"  #: a file of public keys that are admitted nowhere, one a line, each with a remark behind it


class Role(StrEnum):
    """A part of the system with a key pair of its own."""

    ENGINE = "engine"
    ORDER_BRIDGE = "order-bridge"
    FEED_BRIDGE = "feed-bridge"
    WEB = "web"
    LAYER = "layer"
    WORKER = "worker"
    RECORDER = "recorder"


class Domain(StrEnum):
    """A group of server sockets with one list of admitted roles."""

    ENGINE = "engine"
    ORDER_REQUESTS = "order-requests"
    FEED_STATE = "feed-state"
    LAYER = "layer"


ADMITTED: Mapping[str, frozenset[Role]] = {
    Domain.ENGINE: frozenset({Role.ORDER_BRIDGE, Role.FEED_BRIDGE, Role.RECORDER}),
    Domain.ORDER_REQUESTS: frozenset({Role.WEB}),
    Domain.FEED_STATE: frozenset({Role.WEB, Role.ORDER_BRIDGE}),
    Domain.LAYER: frozenset({Role.ORDER_BRIDGE, Role.FEED_BRIDGE, Role.WEB, Role.WORKER}),
}


class KeyFault(RuntimeError):
    """A key file is missing or does not hold a key."""


def make_keys(directory: Path) -> None:
    """Create the key files that are missing; whoever comes second keeps the first one's keys."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for role in Role:
        make_pair(secret_path(directory, role), public_path(directory, role))


def make_pair(secret: Path, public: Path) -> None:
    """A key pair in these two files, or what is missing of it."""
    if not secret.exists():
        write_once(secret, zmq.curve_keypair()[1])
    write_once(public, zmq.curve_public(read_key(secret)))


def secret_path(directory: Path, role: Role, word: str = "") -> Path:
    return directory / f"{role}{word and '.'}{word}.secret"


def public_path(directory: Path, role: Role, word: str = "") -> Path:
    return directory / f"{role}{word and '.'}{word}.public"


def write_once(path: Path, key: bytes) -> None:
    """`key` in `path`, unless a key stands there: a hard link appears whole and never replaces."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another starter was first: its key counts
    finally:
        draft.unlink()


def read_key(path: Path) -> bytes:
    """40 Z85 characters; `KeyFault` names the file that is missing or malformed."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise KeyFault(f"The CURVE key file {path} cannot be read: {error.strerror}") from error
    try:
        if len(key) != KEY_CHARACTERS or len(z85.decode(key)) != 32:
            raise ValueError("wrong length")
    except (ValueError, KeyError, struct.error) as error:
        raise KeyFault(f"The CURVE key file {path} does not hold a key of {KEY_CHARACTERS} Z85 characters") from error
    return key


class KeyRing:
    """The key files of `directory`. A role's host needs its own secret and the public keys of its peers only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def public(self, role: Role) -> bytes:
        """40 Z85 characters; `KeyFault` names the file that is missing or malformed."""
        return read_key(public_path(self._directory, role))

    def secret(self, role: Role) -> bytes:
        """40 Z85 characters; `KeyFault` names the file that is missing or malformed."""
        return read_key(secret_path(self._directory, role))

    def listed(self, role: Role) -> frozenset[bytes]:
        """Every public key of `role`, the revoked ones too; none where it has no file. `KeyFault` as above."""
        paths = [public_path(self._directory, role), *sorted(self._directory.glob(f"{role}.*.public"))]
        return frozenset(read_key(path) for path in paths if path.exists())

    def revoked(self) -> frozenset[bytes]:
        """What the file `revoked` names: nothing where there is none; `KeyFault` where it cannot be read."""
        path = self._directory / REVOKED
        try:
            lines = path.read_bytes().splitlines() if path.exists() else []
        except OSError as error:
            raise KeyFault(f"The file of revoked keys {path} cannot be read: {error.strerror}") from error
        return frozenset(line.split()[0] for line in lines if line.strip())

    def serve(self, socket: zmq.Socket[bytes], own: Role, domain: str) -> None:
        """Make `socket` a CURVE server that admits whom the `Gatekeeper` allows in `domain`; before bind."""
        socket.set(zmq.CURVE_SERVER, 1)
        self._introduce(socket, own)
        socket.set(zmq.ZAP_DOMAIN, domain.encode("ascii"))
        socket.set(zmq.ZAP_ENFORCE_DOMAIN, 1)  # no gatekeeper: nobody gets in

    def connect(self, socket: zmq.Socket[bytes], own: Role, server: Role) -> None:
        """Make `socket` a CURVE client of `server`; before connect."""
        self._introduce(socket, own)
        socket.set(zmq.CURVE_SERVERKEY, self._or_closed(socket, self.public, server))

    def renew(self, socket: zmq.Socket[bytes], own: Role, server: Role) -> None:
        """The same before a socket connects again; where a key cannot be read just now it keeps those it has."""
        try:
            secret, expected = self.secret(own), self.public(server)
        except KeyFault as fault:
            logger.error("A socket connects with the keys it had", extra={"why": str(fault)})
            return
        socket.set(zmq.CURVE_SECRETKEY, secret)
        socket.set(zmq.CURVE_PUBLICKEY, zmq.curve_public(secret))
        socket.set(zmq.CURVE_SERVERKEY, expected)

    def _introduce(self, socket: zmq.Socket[bytes], own: Role) -> None:
        secret = self._or_closed(socket, self.secret, own)
        socket.set(zmq.CURVE_SECRETKEY, secret)
        socket.set(zmq.CURVE_PUBLICKEY, zmq.curve_public(secret))

    def _or_closed(self, socket: zmq.Socket[bytes], read: Callable[[Role], bytes], role: Role) -> bytes:
        """The key; a socket that gets none is closed, as one that nobody closes keeps its context from ending."""
        try:
            return read(role)
        except KeyFault:
            socket.close(0)
            raise
