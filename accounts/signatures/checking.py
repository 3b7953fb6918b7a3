"""Is this request signed by a key that counts, now, for the first time? Every refusal is named and audited."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.live import live_sessions
from accounts.models import ApiKey, Session, SignedRequest
from accounts.signatures.message import ALGORITHM, Message, NotSigned, Refusal, Signed, check_digest, fits, read
from tradingmw.correlation import current_request_id
from tradingmw.errors import Code, NotAuthenticated, TooManyRequests
from tradingmw.token_buckets import TokenBuckets

LABEL: Final = "sig"
WINDOW: Final = timedelta(seconds=30)
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
REFUSALS_PER_SECOND, REFUSALS_BURST = 10, 200  #: of one address; beyond it nothing is looked at, and nothing audited
CODES: Final = {
    Refusal.MALFORMED: Code.SIGNATURE_MALFORMED,
    Refusal.COMPONENTS: Code.SIGNATURE_MALFORMED,
    Refusal.CREATED: Code.SIGNATURE_EXPIRED,
    Refusal.NONCE: Code.NONCE_USED,
}
refusals = TokenBuckets(REFUSALS_PER_SECOND, REFUSALS_BURST)


class Checked(NamedTuple):
    """A key whose signature was good, and the row that keeps it."""

    key: ApiKey
    session: Session
    signed: UUID


def request_checked(message: Message, *, address: str | None, user_id: UUID | None, now: datetime) -> Checked:
    """NotAuthenticated by one of four codes, audited with the true reason; `user_id`: whose key it has to be."""
    try:
        return _checked(message, address, user_id, now)
    except NotSigned as error:
        if refusals.take(address).wait_seconds:
            raise TooManyRequests("Too many bad signatures come from there.") from error
        _refusal_audit(message, error, address)
        code = CODES.get(error.reason, Code.SIGNATURE_INVALID)
        told = str(error) if error.reason in CODES or error.reason is Refusal.DIGEST else "The signature is not valid."
        raise NotAuthenticated(told, code=code) from error


def _checked(message: Message, address: str | None, user_id: UUID | None, now: datetime) -> Checked:
    signed = read(message.headers.get("signature-input", ""), message.headers.get("signature", ""))
    created = checked_form(signed, message, now)
    key = key_of(signed.parameters["keyid"])
    if user_id not in (None, key.user_id):
        raise NotSigned(Refusal.KEY, "The key is another user's.")
    base = signed.base(message)
    if not fits(key.public_bytes, signed.signature, base):
        raise NotSigned(Refusal.SIGNATURE, "The signature does not fit.")
    session = session_of(key, now, address)
    if not allowed_from(key, address):
        raise NotSigned(Refusal.ADDRESS, "The key may not be used from there.")
    return Checked(key, session, kept(signed, key, message, base, created, address, now))


def checked_form(signed: Signed, message: Message, now: datetime) -> datetime:
    """When it was signed; NotSigned unless all that matters is covered, lately."""
    if signed.label != LABEL or signed.parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise NotSigned(Refusal.MALFORMED, "The label must be sig, the algorithm ed25519.")
    if missing := {"created", "nonce", "keyid"} - signed.parameters.keys():
        raise NotSigned(Refusal.COMPONENTS, f"The signature has no {sorted(missing)[0]}.")
    if missing := needed(signed, message) - set(signed.components):
        raise NotSigned(Refusal.COMPONENTS, f"The signature must cover {sorted(missing)[0]}.")
    if message.body or "content-digest" in signed.components:
        check_digest(message.headers.get("content-digest", ""), message.body)
    created = datetime.fromtimestamp(int(signed.parameters["created"]), UTC)
    if abs(now - created) > WINDOW:
        raise NotSigned(Refusal.CREATED, "It was not signed within the last 30 seconds.")
    return created


def needed(signed: Signed, message: Message) -> set[str]:
    """Method, target and body; where it is not `@target-uri`, the target is `@path` and `@query`."""
    target = {"@target-uri"} if "@target-uri" in signed.components else {"@path", "@query"}
    return {"@method", *target, *(["content-digest"] if message.body else [])}


def key_of(key_id: str) -> ApiKey:
    try:
        found = ApiKey.objects.filter(id=UUID(key_id)).first()
    except ValueError:
        found = None
    if found is None or str(found.id) != key_id:  # one way to write it: it is what was signed
        raise NotSigned(Refusal.KEY, "There is no such key.")
    return found


def session_of(key: ApiKey, now: datetime, address: str | None) -> Session:
    """The key's session while it lives, as every request sees it: five seconds old at most. Forbidden elsewhere."""
    if key.revoked_at is not None or key.expires_at <= now or key.session_id is None:
        raise NotSigned(Refusal.REVOKED, "The key is over.")
    try:
        return live_sessions.get(key.session_id, address)
    except NotAuthenticated as error:
        raise NotSigned(Refusal.REVOKED, "The key is over.") from error


def allowed_from(key: ApiKey, address: str | None) -> bool:
    networks = key.networks.split()
    if not networks:
        return True
    try:
        there = ip_address(address or "")
    except ValueError:
        return False
    return any(there in ip_network(network) for network in networks)


def kept(
    signed: Signed, key: ApiKey, message: Message, base: bytes, created: datetime, address: str | None, now: datetime
) -> UUID:
    """The row of a good signature; NotSigned (NONCE) where its nonce is there already. The insert decides."""
    nonce = hashlib.sha256(f"{key.id.hex}:{signed.parameters['nonce']}".encode()).hexdigest()
    _, _, signature = message.headers["signature"].partition("=")
    try:
        with transaction.atomic():
            row = SignedRequest.objects.create(
                id=uuid4(),
                key=key,
                nonce_hash=nonce,
                created_at=created,
                received_at=now,
                request_id=current_request_id(),
                ip_address=address,
                method=message.method,
                signature=signature.strip(":"),
                base=base.decode("ascii"),
                body=message.body,
                kept=message.method not in SAFE,
            )
    except IntegrityError as error:
        raise NotSigned(Refusal.NONCE, "The nonce was used before.") from error
    row_id: UUID = row.id
    return row_id


def _refusal_audit(message: Message, error: NotSigned, address: str | None) -> None:
    claimed = message.headers.get("signature-input", "")[:400]
    details = {"reason": error.reason.value, "method": message.method, "path": message.path[:200], "input": claimed}
    audit(action="auth.signature_refused", resource="api_key", ip_address=address, details=details)
