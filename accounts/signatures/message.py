"""What does a signature say that it covers, and which bytes are signed? HTTP Message Signatures (RFC 9421), narrowly.

One signature a request, Ed25519, SHA-256 digests (RFC 9530). Header fields come as they are on the wire, parts of the
request by the names that the RFC derives them under; nothing that is written another way than it would be written
anew is taken, so that the received parameters are the signed ones, byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEADER_CHARACTERS_MAX: Final = 2_000
COMPONENTS_MAX: Final = 20
COMPONENT: Final = r'"(?:@[a-z-]{1,20}|[a-z0-9-]{1,40})"'
PARAMETER: Final = r';(?:created|expires)=[0-9]{1,12}|;(?:keyid|nonce|alg|tag)="[A-Za-z0-9_.:/+=-]{1,128}"'
INPUT: Final = re.compile(
    rf"(?P<label>[a-z][a-z0-9_-]{{0,20}})=(?P<params>\((?P<components>{COMPONENT}(?: {COMPONENT})*)\)"
    rf"(?P<parameters>(?:{PARAMETER})*))"
)
SIGNATURE: Final = re.compile(r"(?P<label>[a-z][a-z0-9_-]{0,20})=:(?P<bytes>[A-Za-z0-9+/]{86}==):")
DIGEST: Final = re.compile(r"sha-256=:(?P<bytes>[A-Za-z0-9+/]{43}=):")
ALGORITHM: Final = "ed25519"


class Refusal(StrEnum):
    """Why a signature does not count. What the caller is told says less."""

    MALFORMED = "malformed"  #: the headers are not written as they must be
    COMPONENTS = "components"  #: it does not cover what it must
    DIGEST = "digest"  #: the body is not the one whose digest is signed
    CREATED = "created"  #: signed too long ago, or in the future
    KEY = "key"  #: no such key, or of another user
    REVOKED = "revoked"  #: the key was revoked, has expired, or its user is not active
    ADDRESS = "address"  #: not from a network of the key
    SIGNATURE = "signature"  #: it does not fit
    NONCE = "nonce"  #: used before


class NotSigned(Exception):
    """The signature does not count."""

    def __init__(self, reason: Refusal, told: str) -> None:
        self.reason = reason
        super().__init__(told)


class Message(NamedTuple):
    """The parts of a request that can be covered. `headers` by lower-case name; `query` begins with `?`."""

    method: str
    target_uri: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def component(self, name: str) -> str:
        """NotSigned where the request has none of this name."""
        derived = {
            "@method": self.method,
            "@target-uri": self.target_uri,
            "@authority": self.authority,
            "@path": self.path,
            "@query": self.query,
        }
        value = derived.get(name) if name.startswith("@") else self.headers.get(name)
        if value is None:
            raise NotSigned(Refusal.COMPONENTS, f"The request has no {name}.")
        return value.strip()


class Signed(NamedTuple):
    """What the two headers say. `params` is the covered list and its parameters as they were written."""

    label: str
    components: tuple[str, ...]
    parameters: Mapping[str, str]
    params: str
    signature: bytes

    def base(self, message: Message) -> bytes:
        """The bytes that are signed."""
        lines = [f'"{name}": {message.component(name)}' for name in self.components]
        text = "\n".join([*lines, f'"@signature-params": {self.params}'])
        if not text.isascii():
            raise malformed("What is covered must be ASCII.")
        return text.encode("ascii")


def read(signature_input: str, signature: str) -> Signed:
    """NotSigned (MALFORMED) where the headers are not exactly as they must be."""
    if max(len(signature_input), len(signature)) > HEADER_CHARACTERS_MAX:
        raise malformed("The signature headers are too long.")
    said, proof = INPUT.fullmatch(signature_input), SIGNATURE.fullmatch(signature)
    if said is None or proof is None or said["label"] != proof["label"]:
        raise malformed("Signature-Input and Signature must hold one signature of one label.")
    components = tuple(name.strip('"') for name in said["components"].split(" "))
    if len(set(components)) != len(components) or len(components) > COMPONENTS_MAX:
        raise malformed("A component is covered twice, or there are too many.")
    return Signed(said["label"], components, parameters_of(said["parameters"]), said["params"], decoded(proof["bytes"]))


def parameters_of(text: str) -> dict[str, str]:
    pairs = [tuple(one.split("=", 1)) for one in text.split(";")[1:]]
    if len({name for name, _ in pairs}) != len(pairs):
        raise malformed("A parameter comes twice.")
    return {name: value.strip('"') for name, value in pairs}


def decoded(text: str) -> bytes:
    """Canonical base64 only: two texts of one value would be two signatures of one request."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise malformed("This is no base64.") from error
    if base64.b64encode(raw).decode() != text:
        raise malformed("This is no canonical base64.")
    return raw


def malformed(told: str) -> NotSigned:
    return NotSigned(Refusal.MALFORMED, told)


def digest_header(body: bytes) -> str:
    """`Content-Digest` of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def check_digest(header: str, body: bytes) -> None:
    """NotSigned (DIGEST) unless the header is exactly that of the body."""
    if DIGEST.fullmatch(header) is None or header != digest_header(body):
        raise NotSigned(Refusal.DIGEST, "Content-Digest is not the SHA-256 of the body.")


P: Final = 2**255 - 19  #: the field of the curve
EIGHTH: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
#: The y of points whose order divides 8, also as they may be written otherwise; anybody can sign for such a "key".
WEAK: Final = frozenset({0, 1, P - 1, P, P + 1, EIGHTH, P - EIGHTH})


def is_weak(public_key: bytes) -> bool:
    """Could others than its holder make signatures that fit this public key?"""
    return int.from_bytes(public_key, "little") % 2**255 in WEAK


def fits(public_key: bytes, signature: bytes, base: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, base)
    except InvalidSignature:
        return False
    return True
