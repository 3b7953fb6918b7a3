"""With what does a client prove who it is, and as whom is its socket known then?"""

from __future__ import annotations

from typing import Annotated

from channels.db import database_sync_to_async
from msgspec import Meta, Struct

from accounts.factors.policy import factor_needed, may_owe_factor
from accounts.models import Session
from accounts.services import ticket_redeem
from accounts.tokens import access_token_check
from tradingmw.errors import Code, InvalidRequest


class Proof(Struct, frozen=True, rename="camel"):
    """A one-use ticket (`/auth/ws-ticket`) or an access token."""

    ticket: str | None = None
    access_token: str | None = None


class Identity(Struct, frozen=True, rename="camel"):
    """As whom the socket is known, and when its session ends (RFC 3339)."""

    username: str
    session_id: str
    expires_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


def identity_of(session: Session) -> Identity:
    return Identity(session.user.username, str(session.id), f"{session.expires_at:%Y-%m-%dT%H:%M:%S.%fZ}")


async def session_of(proof: Proof, address: str | None) -> Session:
    """The live session of a ticket or an access token, for a client at `address`; a ticket is used up by this."""
    session: Session
    if proof.ticket is not None:
        session = await database_sync_to_async(ticket_redeem)(proof.ticket, address)
    elif proof.access_token is not None:
        session = await database_sync_to_async(access_token_check)(proof.access_token, address)
    else:
        raise InvalidRequest("params must hold a ticket or an accessToken.", code=Code.INVALID_PARAMS)
    if may_owe_factor(session):
        await database_sync_to_async(factor_needed)(session)
    return session
