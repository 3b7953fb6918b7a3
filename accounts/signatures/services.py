"""How does a program's key come into force, and how does it end?"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.audit import audit
from accounts.client import Client
from accounts.credentials import digest
from accounts.factors import fresh_mfa_needed
from accounts.factors.freshness import proven_at
from accounts.models import ApiKey, Session
from accounts.policy import SCOPES, Function
from accounts.rights import Rights
from accounts.services import session_end
from accounts.signatures.message import is_weak
from tradingmw.errors import Code, Conflict, Forbidden, InvalidRequest, NotFound

LIFE_MAX: Final = timedelta(days=366)
KEYS_MAX: Final = 20
PUBLIC_KEY_BYTES: Final = 32


def keys_of(user_id: UUID) -> QuerySet[ApiKey]:
    """The user's, those that are over too."""
    return ApiKey.objects.filter(user_id=user_id).select_related("session")


def keys_live(user_id: UUID) -> QuerySet[ApiKey]:
    return keys_of(user_id).filter(revoked_at=None, expires_at__gt=timezone.now())


def key_own(user_id: UUID, key_id: UUID) -> ApiKey:
    """NotFound for every other id."""
    key = keys_of(user_id).filter(id=key_id).first()
    if key is None:
        raise NotFound
    return key


@transaction.atomic
def key_create(
    *,
    session: Session,
    rights: Rights,
    client: Client,
    name: str,
    scopes: Collection[str],
    public_key: str,
    expires_at: datetime,
    networks: Collection[str] = (),
) -> ApiKey:
    """A key of the session's user. Forbidden without a fresh second factor, beyond his rights, and for want of a
    signature where he must sign; InvalidRequest; Conflict (QUOTA_REACHED)."""
    rights.need(Function.KEYS_KEEP)
    fresh_mfa_needed(session)
    need_signature(rights, session.user_id)
    check_scopes(scopes, rights)
    check_life(expires_at)
    if keys_live(session.user_id).count() >= KEYS_MAX:
        raise Conflict(f"There may be {KEYS_MAX} keys; revoke one first.", code=Code.QUOTA_REACHED)
    key = ApiKey.objects.create(
        user_id=session.user_id,
        session=session_of_key(session, client, name, expires_at),
        name=name,
        scopes=" ".join(sorted(set(scopes))),
        public_key=checked_public_key(public_key),
        networks=" ".join(checked_network(network) for network in networks),
        expires_at=expires_at,
    )
    _audit("auth.key_created", key, session, client, after=told(key))
    return key


@transaction.atomic
def key_revoke(*, session: Session, rights: Rights, client: Client, key: ApiKey) -> None:
    """From now on it signs nothing, and its sockets close. Revoking it again changes nothing; it needs no step-up."""
    rights.need(Function.KEYS_KEEP)
    now = timezone.now()
    if ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=now):
        if key.session is not None:
            session_end(session=key.session, client=client, reason="key_revoked")
        _audit("auth.key_revoked", key, session, client, before=told(key), after={"revokedAt": now.isoformat()})


@transaction.atomic
def key_revoke_by_staff(*, key: ApiKey, user_id: UUID, ip_address: str | None) -> None:
    """The same by another's hand, in admin."""
    now = timezone.now()
    if ApiKey.objects.filter(id=key.id, revoked_at=None).update(revoked_at=now):
        if key.session is not None:
            session_end(session=key.session, client=Client(ip_address, "admin"), reason="key_revoked")
        audit(
            action="auth.key_revoked",
            resource="api_key",
            resource_id=key.id,
            user_id=user_id,
            ip_address=ip_address,
            before=told(key),
            after={"revokedAt": now.isoformat()},
        )


def need_signature(rights: Rights, user_id: UUID) -> None:
    """Who must sign, signs also for another key with one that he has; the first one needs his second factor only."""
    must = rights.attributes.signed_above_e4 is not None
    if must and rights.signed is None and keys_live(user_id).exists():
        raise Forbidden("A new key must be signed for with one that you have.", code=Code.SIGNATURE_REQUIRED)


def session_of_key(session: Session, client: Client, name: str, expires_at: datetime) -> Session:
    """The key's own; no token leads to it."""
    return Session.objects.create(
        user_id=session.user_id,
        ip_address=client.ip_address,
        user_agent=f"API key {name}"[:400],
        expires_at=expires_at,
        refresh_hash=digest(secrets.token_urlsafe(32)),
        mfa_at=proven_at(session),  # with which the key was made; no factor can be proven in its own session
    )


def check_scopes(scopes: Collection[str], rights: Rights) -> None:
    allowed = {function.value for function in SCOPES & rights.functions}
    if wrong := sorted(set(scopes) - allowed):
        raise refused("scopes", f"Not yours to give: {wrong[0][:40]}.")


def check_life(expires_at: datetime) -> None:
    if not timedelta(0) < expires_at - timezone.now() <= LIFE_MAX:
        raise refused("expiresAt", f"In the future, at most {LIFE_MAX.days} days from now.")


def checked_public_key(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != PUBLIC_KEY_BYTES or is_weak(raw):
        raise refused("publicKey", "Give the 32 bytes of an Ed25519 public key in base64.")
    return base64.b64encode(raw).decode()


def checked_network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError as error:
        raise refused("networks", "Give networks as 192.0.2.0/24 or 2001:db8::/32.") from error


def refused(attr: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, errors=[{"attr": attr, "code": "invalid", "detail": detail}])


def told(key: ApiKey) -> dict[str, Any]:
    """What the audit keeps of a key."""
    return {
        "name": key.name,
        "scopes": key.scopes,
        "networks": key.networks,
        "publicKey": key.public_key,
        "expiresAt": key.expires_at.isoformat(),
    }


def _audit(action: str, key: ApiKey, session: Session, client: Client, **change: dict[str, Any]) -> None:
    audit(
        action=action,
        resource="api_key",
        resource_id=key.id,
        user_id=session.user_id,
        session_id=session.id,
        ip_address=client.ip_address,
        **change,
    )
