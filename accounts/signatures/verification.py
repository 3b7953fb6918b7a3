"""Are the signatures that are kept still good? From stored bytes alone: no clock, no session, no network."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from accounts.models import SignedRequest
from accounts.signatures.message import digest_header, fits

ROWS_AT_ONCE: Final = 500


class Verified(NamedTuple):
    """`fault` is empty where the signature fits."""

    id: str
    key: str
    user: str
    received_at: str
    method: str
    fault: str


def verified(since: datetime | None = None) -> Iterator[Verified]:
    """Every kept request, oldest first."""
    rows = SignedRequest.objects.filter(kept=True).select_related("key").order_by("received_at", "id")
    for row in (rows.filter(received_at__gte=since) if since else rows).iterator(ROWS_AT_ONCE):
        received = row.received_at.isoformat()
        yield Verified(str(row.id), str(row.key_id), str(row.key.user_id), received, row.method, fault_of(row))


def fault_of(row: SignedRequest) -> str:
    lines = row.base.split("\n")
    body = bytes(row.body)
    if body and f'"content-digest": {digest_header(body)}' not in lines:
        return "the body is not the signed one"
    if f'"@method": {row.method}' not in lines or f'keyid="{row.key_id}"' not in lines[-1]:
        return "method or key are not the signed ones"
    try:
        signature = base64.b64decode(row.signature, validate=True)
    except ValueError:
        return "the signature is no base64"
    base_bytes = row.base.encode("ascii", "replace")
    return "" if fits(row.key.public_bytes, signature, base_bytes) else "the signature does not fit"
