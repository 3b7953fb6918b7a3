"""Which tokens must never be taken? One of each kind, made with what a forger may have, and two that were good once."""

from __future__ import annotations

import base64
import hmac
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from accounts.models import Role, User
from accounts.services import Client, TokenPair, session_begin, session_end, ticket_issue
from tests.roles import in_roles

HERE = Client("127.0.0.1", "tests")


def made_user(username: str) -> User:
    """A trader, who has no password."""
    user = User.objects.create(username=username, email=f"{username}@example.com")
    return in_roles(user, Role.TRADER)


def credentials(user: User, leaver: User) -> dict[str, str]:
    """Bearer texts by what is wrong with them; `leaver` is deactivated by this."""
    good, ended, left = (session_begin(user=each, client=HERE) for each in (user, user, leaver))
    session_end(session=ended.session, client=HERE)
    User.objects.filter(id=leaver.id).update(is_active=False)
    stale = signed(good, epoch=user.epoch + 7) if user.epoch else signed(good, epoch=-1)
    return {
        "garbage": "garbage",
        "expired": signed(good, exp=int(time.time()) - 1),
        "without an end": signed(good, exp=None),
        "of another type": signed(good, token_type="refresh"),
        "for another audience": signed(good, aud="another"),
        "by another issuer": signed(good, iss="another"),
        "of another epoch": stale,
        "of another key": signed(good, key="x" * 64),
        **of_other_algorithms(good),
        "altered": altered(good.access_token),
        "of an ended session": ended.access_token,
        "of a deactivated user": left.access_token,
        "a refresh token": good.refresh_token,
        "a ticket": ticket_issue(session=good.session).text,
    }


def signed(good: TokenPair, *, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    """The same token with other claims, under our key where none is given."""
    claims = jwt.decode(good.access_token, options={"verify_signature": False}) | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, settings.SIMPLE_JWT["SIGNING_KEY"] if key is None else key, algorithm=algorithm)


def of_other_algorithms(good: TokenPair) -> dict[str, str]:
    """RS256 by a key of the forger's, and HS256 that takes the public half for the secret."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "unsigned": signed(good, algorithm="none", key=""),
        "by HS512": signed(good, algorithm="HS512"),
        "by RS256": signed(good, algorithm="RS256", key=private),  # type: ignore[arg-type]
        "by a public key as the secret": by_hand(good, public),
    }


def by_hand(good: TokenPair, key: bytes) -> str:
    """HS256 with a key that PyJWT itself would not sign with."""
    text = good.access_token.rpartition(".")[0]
    mac = hmac.digest(key, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def altered(token: str) -> str:
    """Another subject under the same signature."""
    head, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": "0" * 32}
    return ".".join([head, jwt.encode(claims, "x" * 64).split(".")[1], signature])
