"""How is trading halted at once? Here, in the link thread, beside the core and before the database.

The gate closes in memory: nothing new of the target leaves any more. The engine is told to cancel all that it has of
it. The kill is made durable in a file, whoever asked is answered, and the core is handed it before anything else: it
writes tables and audit, and follows what the engine says of each order. Only then does the file go. Whatever happens in
between, the kill stays in force; a bridge that begins finds it in the tables or in the file.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from bridge.wire.messages import CommandReply, Instrument, MassCancel, NewOrder, ReplaceOrder
from bridge.wire.vocabulary import MassCancelScope
from orders.bridge.intake import Intake
from orders.bridge.kill_files import KillFiles
from orders.core.halting import restriction
from orders.core.inputs import Halt
from orders.core.scopes import Scope
from orders.core.trading_states import Restriction, TradingState
from orders.requests import SetTradingState, Timing, TradingStateAnswer, WantedState

logger = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0  #: between two looks for kills that others have left in files
DEADLINE_US: Final = 10_000_000  #: of a mass cancel: it is of use late, too
FIRST_SEQ: Final = 2**62  #: mass cancels have numbers of their own: they do not wait for the core's
SCOPES: Final = {
    Scope.FIRM: MassCancelScope.FIRM,
    Scope.DESK: MassCancelScope.DESK,
    Scope.USER: MassCancelScope.ACCOUNT,
    Scope.SYMBOL: MassCancelScope.SYMBOL,
}


class Word(NamedTuple):
    """A target as the engine knows it."""

    scope: Scope
    name: str = ""


class KillSwitch:
    """Used by the link thread alone. `in_force` is what the core has committed; `send` hands a message to the link."""

    def __init__(
        self,
        files: KillFiles,
        intake: Intake,
        send: Callable[[MassCancel], bool],
        *,
        session: int,
        clock_us: Callable[[], int],
        in_force: Sequence[Restriction] = (),
    ) -> None:
        self._files, self._intake, self._send = files, intake, send
        self._session, self._clock_us = session, clock_us
        self._in_force = in_force
        self._pending: dict[UUID, WantedState] = {}  #: in force, and not known to be in the tables
        self._booked: set[UUID] = set()  #: in the tables: a file of one that is still there means nothing
        self._unsent: deque[MassCancel] = deque()
        self._numbers = itertools.count(FIRST_SEQ)
        self._look_at = 0.0
        self._closed: frozenset[Word] = frozenset()
        self._close()
        self.tick()

    def asked(self, request: SetTradingState) -> TradingStateAnswer:
        """In force, and then durable, when this returns."""
        wanted = request.wanted
        arrived_us = self._clock_us()
        self._take_up(wanted)
        closed_us = self._clock_us()
        recorded = self._keep(wanted)
        timing = Timing(request.received_us, arrived_us, closed_us, self._clock_us())
        shown = as_restriction(wanted)
        return TradingStateAnswer(request_id=request.request_id, restriction=shown, recorded=recorded, timing=timing)

    def kill(self, wanted: WantedState) -> None:
        """The system itself halts: in force, and then durable, when this returns."""
        self._take_up(wanted)
        self._keep(wanted)

    @property
    def has_halted_firm(self) -> bool:
        return Word(Scope.FIRM) in self._closed

    def stops(self, message: object, instruments: Mapping[str, Instrument]) -> bool:
        """Is it new, or a change, and of what is halted?"""
        if not self._closed or not isinstance(message, NewOrder | ReplaceOrder):
            return False
        if Word(Scope.FIRM) in self._closed or Word(Scope.USER, message.account) in self._closed:
            return True
        if isinstance(message, ReplaceOrder):
            return False
        if message.desk is not None and Word(Scope.DESK, message.desk) in self._closed:
            return True
        symbols = [instruments.get(word.name) for word in self._closed if word.scope is Scope.SYMBOL]
        return any(one is not None and one.instrument_id == message.instrument_id for one in symbols)

    def heed(self, booked: Iterable[UUID], in_force: Sequence[Restriction] | None) -> None:
        """What a commit has brought: kills that the tables have now, and all restrictions where they changed."""
        for change in booked:
            self._pending.pop(change, None)
            self._booked.add(change)
            self._files.drop(change)
        if in_force is not None:
            self._in_force = in_force
            self._close()

    def welcomed(self) -> None:
        """The engine has a new session with us: it is told again, whatever it has heard before."""
        self._unsent.clear()
        for word in self._words(one for one in self._in_force if one.state is TradingState.HALTED):
            self._cancel(word)
        for word in self._words(self._pending.values()):
            self._cancel(word)

    def tick(self) -> None:
        """In every turn: what the network did not take is handed over again, and others' files are looked for."""
        while self._unsent and self._send(self._unsent[0]):
            self._unsent.popleft()
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_SECONDS
            self._look()

    def view(self) -> list[Restriction]:
        """All that is in force now, by what is known here."""
        known = {one.target: one for one in self._in_force}
        for wanted in self._pending.values():
            before = known.get(wanted.target)
            if before is None or before.state is not TradingState.HALTED:
                known[wanted.target] = as_restriction(wanted)
        return list(known.values())

    def is_answer(self, reply: CommandReply) -> bool:
        """To a mass cancel? The core knows nothing of those: what it has ended is told by reports."""
        if reply.command_seq < FIRST_SEQ:
            return False
        facts = {"outcome": reply.outcome.value, "canceled": reply.canceled, "why": reply.reason}
        logger.info("The engine has answered a mass cancel", extra=facts)
        return True

    def _look(self) -> None:
        for wanted in self._files.kept():
            if wanted.id in self._booked:
                self._files.drop(wanted.id)
            elif wanted.id not in self._pending:
                self._take_up(wanted)

    # --- what a kill does ------------------------------------------------------------------------------------------
    def _take_up(self, wanted: WantedState) -> None:
        """The same one again changes nothing, but for the engine, which is told again."""
        known, self._pending[wanted.id] = wanted.id in self._pending, wanted
        self._close()
        for word in self._words([wanted]):
            self._cancel(word)
        if not known:
            self._intake.offer_first([Halt(wanted)])
            facts = {"scope": wanted.scope.value, "target": wanted.name, "by": wanted.user_name, "why": wanted.reason}
            logger.warning("Trading is halted", extra={"alarm": True, "kill": str(wanted.id), **facts})

    def _keep(self, wanted: WantedState) -> bool:
        try:
            self._files.keep(wanted)
        except OSError as error:
            facts = {"alarm": True, "kill": str(wanted.id), "why": str(error)}
            logger.error("A kill is in force and could not be written to its file", extra=facts)
            return False
        return True

    def _cancel(self, word: Word) -> None:
        message = MassCancel(
            session=self._session,
            command_seq=next(self._numbers),
            deadline_us=self._clock_us() + DEADLINE_US,
            scope=SCOPES[word.scope],
            target=word.name or None,
        )
        if self._unsent or not self._send(message):
            self._unsent.append(message)

    def _words(self, halted: Iterable[Restriction | WantedState]) -> list[Word]:
        """In which the engine can be told to cancel all: none where its word covers others too."""
        meant = [one for one in halted if not one.shared]
        return [
            Word(as_target(one), one.engine_name) for one in meant if as_target(one) is Scope.FIRM or one.engine_name
        ]

    def _close(self) -> None:
        """A word that covers others too stops them as well, until the core has written the kill and knows better."""
        halted = [one for one in self._in_force if one.state is TradingState.HALTED]
        pending = {Word(one.scope, one.engine_name) for one in self._pending.values()}
        self._closed = frozenset(pending.union(self._words(halted)))


def as_target(one: Restriction | WantedState) -> Scope:
    return one.target.scope


def as_restriction(wanted: WantedState) -> Restriction:
    return restriction(wanted, wanted.at_us, frozenset([wanted.user] if wanted.user else []))
