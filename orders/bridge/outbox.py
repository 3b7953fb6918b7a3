"""What leaves after a commit, and how does the core hand it to the thread that owns the sockets?"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from bridge.sockets.pump import Context
from bridge.sockets.wake import Wake
from bridge.wire.messages import ReplayRequest
from orders.core.inputs import Ticket
from orders.core.outcomes import ToSend
from orders.core.state import Cursor
from orders.core.trading_states import Restriction
from orders.ledger.columns import Columns
from orders.requests import Answer

CAPACITY = 1_000
PATIENCE_SECONDS = 10.0


class Outgoing(NamedTuple):
    """The consequences of one committed batch, in the order in which they leave."""

    cursor: Cursor
    live: bool  #: new orders are taken
    to_engine: Sequence[ToSend | ReplayRequest] = ()
    answers: Sequence[tuple[Ticket, Answer]] = ()
    wakeups: Mapping[str, int] = {}
    begin_anew: bool = False  #: the core has forgotten what the engine said; a replay under way may end with a hole
    epoch: int = 0  #: of the engine, as the core knew it when it decided
    committed_us: int = 0
    booked: Sequence[UUID] = ()  #: kills that the tables have
    restrictions: Sequence[Restriction] | None = None  #: all that are in force, where they may have changed
    journalled: Sequence[Columns] = ()  #: the rows of commands that the transaction wrote: what may leave


class OutboxStuck(RuntimeError):
    """The link thread takes nothing any more."""


class Outbox:
    """A bounded queue towards the link thread; a full one makes the core wait."""

    def __init__(self, context: Context) -> None:
        self._waiting: queue.Queue[Outgoing] = queue.Queue(CAPACITY)
        self.wake = Wake(context)

    def put(self, outgoing: Outgoing) -> None:
        try:
            self._waiting.put(outgoing, timeout=PATIENCE_SECONDS)
        except queue.Full:
            raise OutboxStuck("The link thread has taken nothing for ten seconds.") from None
        self.wake.signal()

    @property
    def waiting(self) -> int:
        return self._waiting.qsize()

    def drain(self) -> Iterator[Outgoing]:
        """Called by the link thread when `wake.socket` is readable."""
        self.wake.clear()
        for _ in range(self._waiting.qsize()):
            yield self._waiting.get_nowait()
