"""How does a simulated bridge stand in session with the engine? `bridge.link.commands` without sockets.

The states and their transitions are the real ones; connections, silence and back-off are told in simulated time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.link.commands import DEGRADED_SECONDS, DOWN_SECONDS, WELCOME_SECONDS
from bridge.link.states import WELCOMED, LinkState, Occasion, after
from bridge.wire.messages import ExecutionReport, Hello, SessionReject, Welcome
from bridge.wire.vocabulary import RejectCode
from tests.orders.simulation.network import GARBLED
from tests.orders.simulation.schedule import MS_US, SECOND_US

if TYPE_CHECKING:
    from tests.orders.simulation.bridge import Bridge
    from tests.orders.simulation.network import Connection
    from tests.orders.simulation.simulation import Simulation

BACKOFF_US = 500 * MS_US


class Link:
    """The owner is told by `on_state(before, state)`, `on_said(message)` and `on_fenced()`."""

    def __init__(self, world: Simulation, owner: Bridge, session: int) -> None:
        self._world, self._owner = world, owner
        self.session = session
        self.state, self.epoch, self.last_seq = LinkState.DOWN, 0, 0
        self.connection: Connection | None = None
        self._retry_us = self._since_us = 0  #: of true time: monotonic clocks are not set

    def send(self, message: Any) -> bool:
        full = self._world.happens(self._world.weather.full)
        if self.state not in WELCOMED or self.connection is None or full:
            return False
        self._owner.on_send(message)
        self.connection.to_engine(message)
        self._owner.dies("sending")
        return True

    def live(self) -> None:
        self._enter(Occasion.CAUGHT_UP)

    def tick(self) -> None:
        silence_us = self._world.schedule.now_us - self._since_us
        if self.state is LinkState.DOWN:
            if self._world.schedule.now_us >= self._retry_us and self._world.engine.up:
                self._attempt()
        elif self.state is LinkState.CONNECTING:
            if silence_us > WELCOME_SECONDS * SECOND_US:
                self.lose()
        elif silence_us > DOWN_SECONDS * SECOND_US:
            self.lose()
        elif silence_us > DEGRADED_SECONDS * SECOND_US:
            self._enter(Occasion.SILENT)

    def _attempt(self) -> None:
        self._since_us = self._world.schedule.now_us
        self._enter(Occasion.OPENED)
        self.connection = self._world.connect(self)
        cursor = self._owner.book.cursor
        self.connection.to_engine(
            Hello(
                protocol_version=1,
                session=self.session,
                last_epoch=cursor.epoch,
                last_seq=cursor.seq,
                sent_at_us=self._owner.clock_us(),
            )
        )

    def close(self) -> None:
        if self.connection is not None:
            self.connection.open = False
        self.connection, self.state = None, LinkState.DOWN

    def on_cut(self, connection: Connection) -> None:
        if not self._owner.hears_later(self.on_cut, connection) and connection is self.connection:
            self.lose()

    def renew(self) -> None:
        if self.state in WELCOMED:
            self.lose()

    def lose(self) -> None:
        """Give the connection up; the next attempt has a new one."""
        if self.connection is not None:
            self.connection.open = False
        self.connection = None
        self._retry_us = self._world.schedule.now_us + self._world.pick.below(BACKOFF_US)
        self._enter(Occasion.LOST)

    def hear(self, connection: Connection, message: Any) -> None:
        if self._owner.hears_later(self.hear, connection, message) or connection is not self.connection:
            return
        if message is GARBLED:
            self._owner.on_garbled()
        elif isinstance(message, Welcome):
            self._welcome(message)
        elif isinstance(message, SessionReject):
            if message.code is RejectCode.STALE_SESSION:
                self._owner.on_fenced()
            else:
                self.lose()
        elif self.state in WELCOMED:
            self._heed(message)

    def _welcome(self, welcome: Welcome) -> None:
        if self.state is LinkState.CONNECTING:
            self.epoch, self.last_seq = welcome.epoch, welcome.last_seq
            self._since_us = self._world.schedule.now_us
            self._enter(Occasion.WELCOMED)

    def _heed(self, message: Any) -> None:
        report = isinstance(message, ExecutionReport)
        if not (report and message.epoch < self.epoch):
            if message.epoch != self.epoch:
                self.lose()  # the engine was restarted
                self._owner.on_said(message)
                return
            self.last_seq = max(self.last_seq, message.seq if report else message.last_seq)
        self._since_us = self._world.schedule.now_us
        self._enter(Occasion.HEARD)
        self._owner.on_said(message)

    def _enter(self, occasion: Occasion) -> None:
        before, self.state = self.state, after(self.state, occasion)
        if self.state is not before:
            self._owner.on_state(before, self.state)
