"""Which engine is checked, on which terms, and what has it said so far?"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from bridge.conformance.asking import Asker
from bridge.conformance.conversation import Conversation, Heard, Record
from bridge.conformance.verdicts import NotRun, Unmet
from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.pump import Context
from bridge.wire.messages import (
    BookSnapshot,
    BookSnapshotRequest,
    Instrument,
    InstrumentList,
    InstrumentListRequest,
    InstrumentSnapshot,
)

T = TypeVar("T")


class Addresses(NamedTuple):
    """Where the engine listens."""

    market_data: str
    commands: str
    queries: str
    work: str


class Terms(NamedTuple):
    """How long the checks wait, and what they may do."""

    patience_seconds: float = 5.0  #: for an answer
    watch_seconds: float = 3.0  #: for which market data is recorded
    dead_man_ms: int = 1_000
    burst_orders: int = 400  #: beside a subscriber that reads nothing: enough to fill the buffers on the way to it
    symbol: str = ""  #: to trade; empty: the first of the table
    first_session: int = 0  #: 0: the time, so that it grows from run to run
    bars: bool = False  #: wait for a minute to end
    restart: Callable[[], None] | None = None


class Subject:
    """The engine under test. Each conversation gets a session of its own, greater than all before."""

    def __init__(self, context: Context, keyring: KeyRing, addresses: Addresses, terms: Terms) -> None:
        self.context, self.keyring, self.addresses, self.terms = context, keyring, addresses, terms
        self.run = f"{time.time_ns() // 1000:x}"  #: part of every client order id: none is ever used twice
        self.record = Record()
        self.asker = Asker(context, keyring, addresses.queries, terms.patience_seconds, self.record)
        self.numbers = itertools.count(1)
        self._made: dict[object, Any] = {}
        self._sessions = itertools.count(terms.first_session or time.time_ns() // 1000)

    def close(self) -> None:
        self.asker.close()

    @property
    def heard(self) -> list[Heard]:
        """All that the engine said on the command socket, in any conversation."""
        return self.record.heard

    def once(self, make: Callable[[Subject], T]) -> T:
        """What `make` makes, made the first time only: several checks judge one thing."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def new_session(self) -> int:
        return next(self._sessions)

    @contextmanager
    def connected(self, session: int | None = None, role: Role = Role.ORDER_BRIDGE) -> Iterator[Conversation]:
        """A connection to the command socket on which nothing has been said yet."""
        conversation = Conversation(
            self.context,
            self.keyring,
            self.addresses.commands,
            session=self.new_session() if session is None else session,
            role=role,
            patience_seconds=self.terms.patience_seconds,
            record=self.record,
        )
        try:
            yield conversation
        finally:
            conversation.close()

    @contextmanager
    def welcomed(self, session: int | None = None) -> Iterator[Conversation]:
        """A connection whose Hello was welcomed."""
        with self.connected(session) as conversation:
            conversation.hello()
            yield conversation

    def instruments(self) -> InstrumentList:
        return self.asker.ask(InstrumentListRequest(request_id=next(self.numbers)), InstrumentList)

    def instrument(self) -> Instrument:
        """The one that is traded in the checks."""
        table, symbol = self.instruments().instruments, self.terms.symbol
        found = [row for row in table if symbol in ("", row.symbol)]
        if not found:
            raise NotRun(f"the engine lists no {symbol}" if symbol else "the engine lists no instrument")
        return found[0]

    def snapshot(self, shard: str) -> BookSnapshot:
        return self.asker.ask(BookSnapshotRequest(request_id=next(self.numbers), shard=shard), BookSnapshot)

    def book(self, instrument: Instrument) -> InstrumentSnapshot:
        """The instrument's row of its shard's snapshot."""
        rows = self.snapshot(instrument.shard).instruments
        found = [row for row in rows if row.instrument_id == instrument.instrument_id]
        if not found:
            raise Unmet(f"the snapshot of shard {instrument.shard} has no {instrument.symbol}")
        return found[0]
