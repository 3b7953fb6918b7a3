"""Web processes and sessions for tests of the safeguards: who has a socket where, and what they tell the core."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from orders.core.draft import Draft
from orders.core.inputs import Attend, CancelLater, GuardOf, Tick, Ticket
from orders.core.state import OrderState
from orders.lifecycle import OrderStatus
from orders.request_frame import Caller
from orders.safeguard_requests import AttendSessions, CancelAfter, GuardScope, GuardSession
from tests.orders.core.desk import ANN, LATER_US, SECOND_US, Desk

WEB, WEB_2 = uuid.UUID(int=801), uuid.UUID(int=802)
SESSION, OTHER = uuid.UUID(int=901), uuid.UUID(int=902)
STEP_US = 50_000  #: between two passes of the core
BEAT_STEPS = 10


def in_session(session: uuid.UUID = SESSION, caller: Caller = ANN) -> Caller:
    return replace(caller, session=session)


class Floor(Desk):
    """A desk whose sessions have sockets: `sockets` says where, and `wait` lets time pass while processes beat."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: set[tuple[uuid.UUID, uuid.UUID]] = set()  #: process, session
        self.beating = {WEB, WEB_2}
        self._steps = 0
        self.go_live()

    def guard(
        self,
        seconds: int = 5,
        *,
        caller: Caller | None = None,
        enabled: bool = True,
        scope: GuardScope = GuardScope.SESSION,
        process: uuid.UUID = WEB,
    ) -> Draft:
        """Asked on a socket there."""
        caller = caller or in_session()
        if caller.session:
            self.sockets.add((process, caller.session))
        asked: dict[str, Any] = {"request_id": 1, "deadline_us": LATER_US, "caller": caller, "process": process}
        request = GuardSession(**asked, enabled=enabled, grace_us=seconds * SECOND_US, scope=scope)
        return self.do(GuardOf(Ticket(b"web", 1), request))

    def attend(
        self, process: uuid.UUID = WEB, *, gone: Iterable[uuid.UUID] = (), back_seconds: int = 0
    ) -> list[uuid.UUID]:
        """A process says who is there; which of them are guarded."""
        present = [session for where, session in self.sockets if where == process]
        asked: dict[str, Any] = {"request_id": 1, "deadline_us": self.now_us, "process": process}
        request = AttendSessions(**asked, present=present, gone=list(gone), back_us=back_seconds * SECOND_US)
        reply = self.do(Attend(Ticket(b"web", 1), request)).replies[-1]
        return reply.guarded  # type: ignore[union-attr]

    def connect(self, session: uuid.UUID = SESSION, process: uuid.UUID = WEB) -> None:
        self.sockets.add((process, session))
        self.attend(process)

    def disconnect(self, session: uuid.UUID = SESSION, process: uuid.UUID = WEB, *, back_seconds: int = 0) -> None:
        self.sockets.discard((process, session))
        self.attend(process, gone=[session], back_seconds=back_seconds)

    def die(self, process: uuid.UUID = WEB) -> None:
        """kill -9: nobody says anything."""
        self.sockets = {(where, session) for where, session in self.sockets if where != process}
        self.beating.discard(process)

    def cancel_after(self, seconds: int, caller: Caller | None = None) -> Draft:
        asked: dict[str, Any] = {"request_id": 1, "deadline_us": LATER_US, "caller": caller or in_session()}
        return self.do(CancelLater(Ticket(b"web", 1), CancelAfter(**asked, seconds=seconds)))

    @property
    def has_just_beaten(self) -> bool:
        return self._steps % BEAT_STEPS == 0

    def wait(self, seconds: float) -> None:
        """Passes of the core, and beats of the processes that live."""
        for _ in range(round(seconds * SECOND_US / STEP_US)):
            self.now_us += STEP_US
            self._steps += 1
            if self.has_just_beaten:
                for process in self.beating:
                    self.attend(process)
            self.do(Tick())

    def resting(self, client_order_id: str, session: uuid.UUID | None = SESSION, caller: Caller = ANN) -> OrderState:
        return self.acknowledged(client_order_id, caller=replace(caller, session=session))

    def is_canceled(self, order: OrderState) -> bool:
        """Its cancel is asked for."""
        return self.now(order).status is OrderStatus.PENDING_CANCEL
