"""What do refresh tokens and socket tickets look like, and what of them is kept?

Only SHA-256 digests are kept. A refresh token names its session and its generation and carries our MAC, so that
- the successor of a token is always the same one: two tabs that refresh at once get one successor, not two;
- an old token of any generation is recognised as ours and used before, and a forged one can end nobody's session.
Its nonce is made at login and stored nowhere, so that the signing key alone makes no token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import NamedTuple, Self
from uuid import UUID

from django.utils.crypto import salted_hmac

NONCE_BYTES = 16
GENERATION_BYTES = 4
BODY_BYTES = 16 + NONCE_BYTES + GENERATION_BYTES
TOKEN_BYTES = BODY_BYTES + 32
SECRET_CHARACTERS_MAX = 400  #: nothing of ours is longer; what is longer is not even hashed


def digest(secret: str) -> str:
    """What the database keeps of a token or ticket: 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def ticket_make() -> str:
    """A one-use ticket: 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


class RefreshToken(NamedTuple):
    session_id: UUID
    nonce: bytes
    generation: int

    @classmethod
    def first(cls, session_id: UUID) -> Self:
        return cls(session_id, secrets.token_bytes(NONCE_BYTES), 0)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The token in `text`, or None where we did not make it."""
        raw = _unpadded(text)
        body, mac = raw[:BODY_BYTES], raw[BODY_BYTES:]
        if len(raw) != TOKEN_BYTES or not hmac.compare_digest(mac, _mac(body)):
            return None
        return cls(UUID(bytes=body[:16]), body[16:-GENERATION_BYTES], int.from_bytes(body[-GENERATION_BYTES:]))

    def successor(self) -> Self:
        return self._replace(generation=self.generation + 1)

    def text(self) -> str:
        body = self.session_id.bytes + self.nonce + self.generation.to_bytes(GENERATION_BYTES)
        return base64.urlsafe_b64encode(body + _mac(body)).decode().rstrip("=")


def _mac(body: bytes) -> bytes:
    return salted_hmac("accounts.refresh", body, algorithm="sha256").digest()


def _unpadded(text: str) -> bytes:
    if len(text) > SECRET_CHARACTERS_MAX:
        return b""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
