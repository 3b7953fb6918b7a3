"""Which committed commands leave for the engine now, and which never will?"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeGuard

from bridge.link.states import WELCOMED, LinkState
from bridge.wire.messages import CancelOrder, ExecutionReport, NewOrder, ReplaceOrder, ReplayRequest
from orders.bridge.departed import Departed
from orders.bridge.last_hop import LastHop, is_guarded
from orders.core.hops import Hops
from orders.core.inputs import NotSent
from orders.core.outcomes import ToSend

Departing = ToSend | ReplayRequest


class Session(Protocol):
    """The engine link, as far as sending goes."""

    @property
    def state(self) -> LinkState: ...

    @property
    def epoch(self) -> int: ...

    def send(self, message: Departing) -> bool: ...


class Departures:
    """Commands of commits that are published, in their order.

    None leaves past its deadline or without a session, and no new order in another epoch than the one it was decided
    in: its instrument's id means another instrument there. None that asks for more than an end leaves without its
    licence (`LastHop`), nor has an outcome: of what was not journalled nobody knows whether it has left before.
    """

    def __init__(
        self,
        link: Session,
        clock_us: Callable[[], int],
        last_hop: LastHop,
        stopped: Callable[[Departing], bool] | None = None,
    ) -> None:
        self._link, self._clock_us, self._last_hop = link, clock_us, last_hop
        self._stopped = stopped or (lambda _message: False)  #: is it of what is halted?
        self._waiting: deque[tuple[Departing, int, int]] = deque()
        self._departed = Departed()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, messages: Iterable[Departing], epoch: int, committed_us: int = 0) -> None:
        """`epoch`: of the engine, as the core knew it when it decided."""
        self._waiting.extend((message, epoch, committed_us) for message in messages)

    def hops(self, report: ExecutionReport) -> Hops:
        """The way of a report that has just arrived."""
        return self._departed.hops(report, self._clock_us())

    def leave(self) -> list[NotSent]:
        """Hand over what the network takes; returns the commands that have surely not left and never will.

        Questions are not among them: they are asked again by themselves.
        """
        return [NotSent(message.session, message.command_seq) for message in self._given_up() if is_kept(message)]

    def _given_up(self) -> Iterator[Departing]:
        """While the network is full the others wait; without a session none does."""
        while self._waiting:
            message, epoch, committed_us = self._waiting[0]
            if self._may_leave(message, epoch):
                sent_us = self._clock_us()  # before it goes: the engine may act while the call still returns
                if self._link.send(message):
                    self._waiting.popleft()
                    self._note(message, committed_us, sent_us)
                    continue
                if self._link.state in WELCOMED:
                    return
            self._waiting.popleft()
            if not is_guarded(message) or self._last_hop.give_up(message):
                yield message

    def _note(self, message: Departing, committed_us: int, sent_us: int) -> None:
        """It has left."""
        if is_guarded(message):
            self._last_hop.left(message)
        if is_kept(message):
            self._departed.note(message, committed_us, sent_us)

    def _may_leave(self, message: Departing, epoch: int) -> bool:
        """The last hop is asked first: what has no licence is noticed, whether it is in time or not."""
        if is_guarded(message) and not self._last_hop.lets_through(message):
            return False
        if self._stopped(message) or (isinstance(message, NewOrder) and epoch != self._link.epoch):
            return False
        return isinstance(message, ReplayRequest) or message.deadline_us > self._clock_us()


def is_kept(message: Departing) -> TypeGuard[NewOrder | CancelOrder | ReplaceOrder]:
    """Is it a command that the ledger holds a claim of?"""
    return isinstance(message, (NewOrder, CancelOrder, ReplaceOrder))
