"""What is said of trading states between web processes and the order bridge?"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bridge.wire.messages import Micros, Text
from orders.core.scopes import Scope, Target
from orders.core.trading_states import Restriction, TradingState
from orders.request_frame import Answer, Request, Trace


class WantedState(Struct, frozen=True, kw_only=True):
    """The state that somebody wants for a firm, desk, user or symbol; as it stands in the emergency file, too.

    `id` is that of the change: the same one again is a repeat. `user` None: an operator at the machine. `shared`: the
    engine's word for the target covers others as well, so that the engine is not to end all that it has of it.
    """

    id: UUID
    scope: Scope
    key: Annotated[str, Meta(max_length=64)] = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    engine_name: Annotated[str, Meta(max_length=64)] = ""
    shared: bool = False
    state: TradingState
    reason: Text
    user: UUID | None = None
    user_name: Annotated[str, Meta(max_length=200)]
    ip_address: Annotated[str, Meta(max_length=45)] | None = None
    session: UUID | None = None
    signed: UUID | None = None
    trace: Trace = ""
    at_us: Micros
    drill: bool = False  #: of a drill: whoever has begun it ends it
    releases: bool = False  #: he may also let go: he has the right, and has proven a second factor lately

    @property
    def target(self) -> Target:
        return Target(self.scope, self.key)


class SetTradingState(Request, frozen=True, kw_only=True):
    """A kill (`halted`) is in force before anything else is done, and does not wait for the database."""

    wanted: WantedState


class TradingStateAnswer(Answer, frozen=True, kw_only=True):
    """What is in force there now, None: nothing; with its `release`, where that waits for a second person.

    `recorded` is false where a kill is in force and could be written nowhere: a restart would forget it.
    """

    restriction: Restriction | None
    recorded: bool = True
