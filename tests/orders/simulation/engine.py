"""An engine that keeps the promises of `docs/engine-link.md`, dies and comes back.

What it has taken or said is in its journal and survives; what it was about to send does not. Unless it forgets: then it
has lost open orders, and says so by not knowing them. Instrument ids change with each of its lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from bridge.wire.messages import (
    EngineHeartbeat,
    ExecutionReport,
    Hello,
    Instrument,
    NewOrder,
    ReplayDone,
    ReplayRequest,
    SessionReject,
    Welcome,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode
from tests.orders.core.desk import INSTRUMENTS
from tests.orders.simulation.commands import ENDED, Held, is_immediate, serve
from tests.orders.simulation.schedule import MS_US, SECOND_US

if TYPE_CHECKING:
    from tests.orders.simulation.network import Connection
    from tests.orders.simulation.simulation import Simulation

E8 = 10**8
DEAD_US = 3 * SECOND_US


class Trade(NamedTuple):
    """As it counts now."""

    exec_id: str
    held: Held
    quantity_e8: int
    price_e8: int


class Engine:
    """`taken` counts how often an order was put into the book: once, or the promise is broken."""

    def __init__(self, world: Simulation) -> None:
        self._world, self._pick = world, world.pick
        self.up, self.epoch, self.seq, self.session = True, 1, 0, 0
        self.skew_us = 0
        self.held: dict[tuple[str, str], Held] = {}
        self.forgotten: dict[tuple[str, str], Held] = {}
        self.refused: set[UUID] = set()
        self.log: dict[tuple[int, int], ExecutionReport] = {}
        self.taken: dict[UUID, int] = {}
        self.changes: dict[UUID, int] = {}
        self.trades: dict[str, Trade] = {}  #: live ones
        self._latest_us = 0
        self._connection: Connection | None = None

    @property
    def now_us(self) -> int:
        """Its own clock never goes back, also where the host's does: deadlines that have passed stay so."""
        self._latest_us = max(self._latest_us, self._world.schedule.now_us + self.skew_us)
        return self._latest_us

    @property
    def instruments(self) -> dict[str, Instrument]:
        return TABLES[self.epoch % 2]

    @property
    def standing(self) -> list[Held]:
        return [held for held in self.held.values() if held.status not in ENDED]

    # --- its connection --------------------------------------------------------------------------------------------
    def take(self, connection: Connection, message: Any) -> None:
        if not self.up:
            return
        if isinstance(message, Hello):
            self._hello(connection, message)
        elif message.session < self.session or self._connection is None or message.session > self.session:
            stale = message.session < self.session
            code = RejectCode.STALE_SESSION if stale else RejectCode.NO_SESSION
            connection.to_bridge(SessionReject(session=message.session, code=code, reason=""))
        elif isinstance(message, ReplayRequest):
            self._replay(message)
        else:
            for answer in serve(self, message):
                self._connection.to_bridge(answer)  # an identity has one connection, whatever a command came on

    def _hello(self, connection: Connection, hello: Hello) -> None:
        if hello.session < self.session:
            connection.to_bridge(SessionReject(session=hello.session, code=RejectCode.STALE_SESSION, reason=""))
            return
        self.session, self._connection = hello.session, connection
        now_us, session = self.now_us, self.session
        connection.to_bridge(
            Welcome(protocol_version=1, session=session, epoch=self.epoch, last_seq=self.seq, sent_at_us=now_us)
        )

    def _replay(self, request: ReplayRequest) -> None:
        assert self._connection is not None
        for place, report in self.log.items():
            if place > (request.epoch, request.after_seq):
                self._connection.to_bridge(report, paced=True)
        done = ReplayDone(session=request.session, epoch=self.epoch, last_seq=self.seq, complete=True)
        self._connection.to_bridge(done, paced=True)

    def beat(self) -> None:
        if self.up and self._connection is not None:
            beat = EngineHeartbeat(session=self.session, epoch=self.epoch, last_seq=self.seq, sent_at_us=self.now_us)
            self._connection.to_bridge(beat)
        self._world.schedule.after(SECOND_US, self.beat)

    # --- its market ------------------------------------------------------------------------------------------------
    def refuses(self, command: NewOrder) -> bool:
        """Whom it has refused it refuses again."""
        return command.order_id in self.refused or self._world.happens(self._world.weather.refuse)

    def open(self, command: NewOrder) -> None:
        """In the book, or as much of it as trades at once."""
        symbol = next(row.symbol for row in self.instruments.values() if row.instrument_id == command.instrument_id)
        held = Held(command, symbol, command.quantity_e8, command.price_e8)
        self.held[command.account, command.client_order_id] = held
        self.taken[command.order_id] = self.taken.get(command.order_id, 0) + 1
        self.say(held, ExecType.NEW)
        if is_immediate(command):
            self._at_once(held)
        elif self._world.happens(self._world.weather.refuse):
            self.end(held, ExecType.REJECTED)
        else:
            self.expire_later(held)

    def _at_once(self, held: Held) -> None:
        units = self._pick.between(0, held.quantity_e8 // E8)
        if units:
            self.trade(held, units * E8, 150 * E8)
        if held.open_e8:
            self.end(held, ExecType.CANCELED)

    def trade(self, held: Held, quantity_e8: int, price_e8: int) -> None:
        held.cum_e8 += quantity_e8
        full = held.cum_e8 == held.quantity_e8
        held.status = EngineOrderStatus.FILLED if full else EngineOrderStatus.PARTIALLY_FILLED
        report = self.say(held, ExecType.TRADE, last_quantity_e8=quantity_e8, last_price_e8=price_e8)
        self.trades[report.exec_id] = Trade(report.exec_id, held, quantity_e8, price_e8)

    def end(self, held: Held, how: ExecType) -> None:
        held.status = EngineOrderStatus(how.value)
        self.say(held, how)

    def change(self, held: Held, price_e8: int | None) -> None:
        """Nobody asked for it."""
        held.price_e8 = price_e8
        order_id = held.command.order_id
        self.changes[order_id] = self.changes.get(order_id, 0) + 1
        self.say(held, ExecType.REPLACED)

    def expire_later(self, held: Held) -> None:
        expires_at_us = held.command.expires_at_us
        if expires_at_us is not None:
            self._world.schedule.after(max(MS_US, expires_at_us - self.now_us), self._expire, held)

    def _expire(self, held: Held) -> None:
        if held.status in ENDED or held not in self.held.values():
            return
        if self.up and self.now_us >= (held.command.expires_at_us or 0):
            self.end(held, ExecType.EXPIRED)
        else:
            self._world.schedule.after(100 * MS_US, self._expire, held)

    def say(self, held: Held, kind: ExecType, **fields: Any) -> ExecutionReport:
        """In the log, and then on its way."""
        self.seq += 1
        report = report_of(self, held, kind, **fields)
        self.log[self.epoch, self.seq] = report
        self._world.say("engine", report)
        if self._connection is not None:
            self._connection.to_bridge(report)
        return report

    # --- its lives -------------------------------------------------------------------------------------------------
    def crash(self) -> None:
        self.up = False
        if self._connection is not None:
            self._connection.cut()
        self._connection = None
        self._world.schedule.after(self._pick.below(DEAD_US), self.start)

    def start(self) -> None:
        if self.up:
            return
        self.up, self.epoch, self.seq = True, self.epoch + 1, 0
        for held in self.standing:
            if self._world.happens(self._world.weather.forget):
                key = (held.command.account, held.command.client_order_id)
                self.forgotten[key] = self.held.pop(key)
        self._world.say("engine", f"begins epoch {self.epoch}, has forgotten {len(self.forgotten)}")


def report_of(engine: Engine, held: Held, kind: ExecType, **fields: Any) -> ExecutionReport:
    command = held.command
    return ExecutionReport(
        epoch=engine.epoch,
        seq=engine.seq,
        exec_id=f"{engine.epoch}-{engine.seq}",
        exec_type=kind,
        status=held.status,
        order_id=command.order_id,
        account=command.account,
        client_order_id=command.client_order_id,
        external_order_id=f"X{command.client_order_id}",
        instrument_id=engine.instruments[held.symbol].instrument_id,
        symbol=held.symbol,
        side=command.side,
        quantity_e8=held.quantity_e8,
        price_e8=held.price_e8,
        cum_quantity_e8=held.cum_e8,
        leaves_quantity_e8=held.open_e8,
        transacted_at_us=engine.now_us,
        **fields,
    )


def renumbered(numbers: dict[str, int]) -> dict[str, Instrument]:
    return {
        symbol: Instrument(
            instrument_id=number, symbol=symbol, exchange=of.exchange, shard="0", tick_e8=of.tick_e8, lot_e8=of.lot_e8
        )
        for symbol, number in numbers.items()
        for of in [INSTRUMENTS[symbol]]
    }


TABLES = (renumbered({"AAPL": 1, "IBM": 2}), renumbered({"AAPL": 2, "IBM": 1}))
