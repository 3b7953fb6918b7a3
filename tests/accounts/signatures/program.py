"""A program with a key: it makes pairs, and signs requests as the manual says. A second implementation, on purpose."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Program:
    """Signs with `key_id`, which is known once the public half was registered."""

    def __init__(self, private: bytes | None = None, key_id: UUID | str = "") -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(private) if private else Ed25519PrivateKey.generate()
        self.key_id = key_id

    @property
    def private_bytes(self) -> bytes:
        return self._private.private_bytes_raw()

    @property
    def public_key(self) -> str:
        return b64(self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def headers(self, method: str, url: str, body: bytes = b"", **said: Any) -> dict[str, str]:
        """`said`: created, nonce, keyid, components, label to be other than they should be; None leaves one out."""
        digest = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
        values = {"@method": method, "@target-uri": url, "content-digest": digest}
        covered = said.get("components") or ["@method", "@target-uri", *(["content-digest"] if body else [])]
        created, nonce = said.get("created", int(time.time())), said.get("nonce", secrets.token_urlsafe(12))
        keyid, label = said.get("keyid", str(self.key_id)), said.get("label", "sig")
        params = "(" + " ".join(f'"{name}"' for name in covered) + ")"
        params += f";created={created}" if created is not None else ""
        params += f';nonce="{nonce}"' if nonce is not None else ""
        params += f';keyid="{keyid}"' if keyid is not None else ""
        base = "\n".join([*(f'"{name}": {values[name]}' for name in covered), f'"@signature-params": {params}'])
        signature = b64(self._private.sign(base.encode()))
        signed = {"Signature-Input": f"{label}={params}", "Signature": f"{label}=:{signature}:"}
        return {**signed, **({"Content-Digest": digest} if body else {})}


def as_body(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
