"""How does the OpenAPI document describe our authentication?"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
SIGNATURE = {
    "type": "apiKey",
    "in": "header",
    "name": "Signature",
    "description": "RFC 9421 with Ed25519, label `sig`, with `Signature-Input` and `Content-Digest`; see "
    "`docs/operations.md`. For programs with an API key (`/auth/keys`).",
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.tokens.SessionTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return BEARER


class SignedScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.signatures.authentication.SignedAuthentication"
    name = ["accessToken", "signature"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [BEARER, SIGNATURE]
