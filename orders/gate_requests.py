"""What of the gate is said between web processes and the order bridge? Second persons' decisions, previews, denials."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from bridge.wire.messages import Text, Token
from orders.request_frame import Answer, Request
from tradingmw.errors import Code

ConfirmationToken = Annotated[str, Meta(max_length=64)]


class DecideOrder(Request, frozen=True, kw_only=True):
    """A second person lets an order go that is kept for approval, or refuses it. Whether he may is asked before."""

    decider: UUID
    decider_name: Token
    order_id: UUID
    approve: bool
    note: Text = ""
    ip_address: Annotated[str, Meta(max_length=45)] | None = None
    session: UUID | None = None
    signed: UUID | None = None


class Outlook(StrEnum):
    """What the order would be, if it were placed now."""

    ACCEPTED = "accepted"
    CONFIRMATION_REQUIRED = "confirmation_required"
    APPROVAL_REQUIRED = "approval_required"
    DENIED = "denied"


class PreviewAnswer(Answer, frozen=True, kw_only=True):
    """Every rule that applies, those that hold too, in public words; `code` is that of the first one broken."""

    outlook: Outlook
    code: Code | None
    rules: list[dict[str, Any]]


class DeniedAnswer(Answer, frozen=True, kw_only=True):
    """The gate refused the order; it is stored as `denied`, in its public shape."""

    code: Code
    detail: str
    rules: list[dict[str, Any]]
    order: dict[str, Any]
    last_event_id: int
