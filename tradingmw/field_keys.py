"""With which keys are secret columns sealed? A short text of named keys: the first seals, all of them open.

`2026a:3q2+…,2025b:k0Zx…`: a name, a colon, 32 bytes in base64 (either alphabet). The name stands in every sealed value.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Final, NamedTuple

KEY_BYTES: Final = 32  #: AES-256
KEYS_MAX: Final = 16
NAME: Final = re.compile(r"[a-z0-9-]{1,16}")


class FieldKey(NamedTuple):
    name: str
    secret: bytes


def field_keys(text: str) -> tuple[FieldKey, ...]:
    """The keys that `text` names, the sealing one first; ValueError, which repeats nothing of the text."""
    keys = tuple(_key(place, part) for place, part in enumerate(text.split(","), start=1))
    if len(keys) > KEYS_MAX or len({key.name for key in keys}) < len(keys):
        raise ValueError(f"at most {KEYS_MAX} keys, each with a name of its own")
    return keys


def field_key_make(name: str) -> str:
    """A new key as text."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def _key(place: int, part: str) -> FieldKey:
    name, _, encoded = part.strip().partition(":")
    secret = _decoded(encoded)
    if not NAME.fullmatch(name) or len(secret) != KEY_BYTES:
        raise ValueError(f"key {place} must be a name ([a-z0-9-], at most 16), a colon and {KEY_BYTES} bytes in base64")
    return FieldKey(name, secret)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return b""
