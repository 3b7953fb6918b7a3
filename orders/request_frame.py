"""What stands in every message between web processes and the order bridge?"""

from __future__ import annotations

from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from bridge.wire.messages import Micros, Token
from tradingmw.budgets import Tier
from tradingmw.correlation import CHARACTERS_MAX
from tradingmw.token_buckets import Budget

RequestId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Trace = Annotated[str, Meta(max_length=CHARACTERS_MAX)]


class Caller(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On whose behalf; the account is the fence around what the request may see."""

    user: UUID
    account: UUID
    account_name: Token
    desk: UUID | None = None
    desk_name: Token | None = None
    heads_desk: bool = False
    ip_address: Annotated[str, Meta(max_length=45)] | None = None
    session: UUID | None = None  #: it is asked in this session; for the audit
    signed: UUID | None = None  #: the stored signature of the request (`accounts.models.SignedRequest`)
    tier: Tier = Tier.STANDARD
    needs_approval: bool = False  #: his orders are kept until a second person has decided


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """`trace` is the id under which the edge serves it (`X-Request-ID`): kept with the order, shown in the log.

    `received_us` is when the edge had it; 0 = not known.
    """

    request_id: RequestId
    deadline_us: Micros
    trace: Trace = ""
    received_us: Micros = 0


class Timing(NamedTuple):
    """When a request passed each place: microseconds since 1970 UTC, 0 = not known."""

    received_us: int = 0  #: by the web process
    arrived_us: int = 0  #: at the order bridge
    decided_us: int = 0
    committed_us: int = 0


class Answer(Struct, frozen=True, kw_only=True, tag_field="type"):
    """`budget`: what the caller has left, in all web processes together; None where nothing was spent."""

    request_id: RequestId
    timing: Timing = Timing()
    budget: Budget | None = None
