"""A security key in software: makes passkeys and answers challenges as a browser would hand them on, or with a flaw."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any, NamedTuple

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
COSE_P256 = {1: 2, 3: -7, -1: 1}
Answer = dict[str, Any]


class Scene(NamedTuple):
    """In which page the key is used, and how it behaves there."""

    origin: str = "http://localhost:8000"
    rp_id: str = "localhost"
    flags: int = PRESENT | VERIFIED
    cross_origin: bool = False


HONEST = Scene()


class Authenticator:
    """One key with one passkey. `count` is what it says next; a key that does not count says 0 for ever."""

    def __init__(self, *, counting: bool = True) -> None:
        self.credential_id = secrets.token_bytes(32)
        self.counting, self.count = counting, 0
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any], scene: Scene = HONEST) -> Answer:
        """What `navigator.credentials.create()` gives."""
        data = self._data(scene, ATTESTED) + self._attested()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options, scene),
                "attestationObject": attestation,
            }
        )

    def get(self, options: dict[str, Any], scene: Scene = HONEST) -> Answer:
        """What `navigator.credentials.get()` gives."""
        data, client_data = self._data(scene), self._client_data("webauthn.get", options, scene)
        signed = data + hashlib.sha256(client_data).digest()
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": client_data, "authenticatorData": data, "signature": signature})

    def _attested(self) -> bytes:
        numbers = self._key.public_key().public_numbers()
        public = cbor2.dumps({**COSE_P256, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        return bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public

    def _data(self, scene: Scene, more_flags: int = 0) -> bytes:
        if self.counting:
            self.count += 1
        rp = hashlib.sha256(scene.rp_id.encode()).digest()
        return rp + bytes([scene.flags | more_flags]) + self.count.to_bytes(4)

    @staticmethod
    def _client_data(kind: str, options: dict[str, Any], scene: Scene) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": scene.origin}
        return json.dumps({**told, "crossOrigin": scene.cross_origin}).encode()

    def _answer(self, response: dict[str, bytes]) -> Answer:
        name = bytes_to_base64url(self.credential_id)
        fields = {field: bytes_to_base64url(raw) for field, raw in response.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": fields, "clientExtensionResults": {}}


def altered(answer: Answer, field: str, change: Any) -> Answer:
    """The same with `change` made to the bytes of one field of its response."""
    raw = change(base64url_to_bytes(answer["response"][field]))
    return {**answer, "response": {**answer["response"], field: bytes_to_base64url(raw)}}
