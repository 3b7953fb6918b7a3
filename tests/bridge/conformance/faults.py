"""Engines that do one thing wrong, and the check that has to notice it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import zmq
from msgspec.structs import replace

from bridge.sockets.curve import Role
from bridge.sockets.pump import Frames
from bridge.wire.codec import decode_published, encode, encode_numbered
from bridge.wire.envelope import Kind, check, seal
from bridge.wire.limits import INT64_MAX
from bridge.wire.market import encode_quotes, encode_trades, read_quotes, read_trades
from bridge.wire.messages import (
    BookSnapshot,
    CancelOrder,
    ClientHeartbeat,
    CommandReply,
    EngineHeartbeat,
    EngineStatus,
    ExecutionReport,
    FromEngine,
    Hello,
    InstrumentList,
    MassCancel,
    NewOrder,
    OrderList,
    OrderStatus,
    QueryReject,
    QueryReply,
    ReplayDone,
    ReplayRequest,
    SessionReject,
    ToEngine,
    TopicHeartbeat,
    Welcome,
)
from bridge.wire.vocabulary import (
    EngineOrderStatus,
    ExecType,
    RejectCode,
    ReplyOutcome,
    Side,
    TimeInForce,
)
from tests.bridge.conformance.spoiler import Faithful

FAULTS: dict[str, type[Faithful]] = {}  #: check → the engine that fails it, and no other check


def fails(check_name: str) -> Any:
    def enter(fault: type[Faithful]) -> type[Faithful]:
        FAULTS[check_name] = fault
        return fault

    return enter


# --- session ----------------------------------------------------------------------------------------------------------
@fails("curve")
class LetsTheWebIn(Faithful):
    admitted = Faithful.admitted | {Role.WEB}


@fails("welcome")
class WelcomesAnotherSession(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        yield replace(message, session=message.session + 1) if isinstance(message, Welcome) else message


@fails("versions")
class TakesEveryVersion(Faithful):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        yield replace(said, protocol_version=1) if isinstance(said, Hello) else said


@fails("hello-again")
class WelcomesASessionOnce(Faithful):
    def __init__(self) -> None:
        super().__init__()
        self.greeted: set[int] = set()

    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        if isinstance(said, Hello) and said.session in self.greeted and said.session == max(self.greeted):
            self.forged.append(SessionReject(session=said.session, code=RejectCode.STALE_SESSION, reason=""))
            return
        if isinstance(said, Hello) and said.protocol_version == 1:
            self.greeted.add(said.session)
        yield said


class KnowsSessions(Faithful):
    """Remembers who was let in; says that it refuses an order, and lets its sender in for it."""

    def __init__(self) -> None:
        super().__init__()
        self.newest = 0

    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        if isinstance(said, Hello) and said.protocol_version == 1:
            self.newest = max(self.newest, said.session)
        yield said

    def done_all_the_same(self, order: NewOrder, code: RejectCode, session: int) -> Iterable[ToEngine]:
        self.forged.append(SessionReject(session=order.session, code=code, reason=""))
        yield Hello(protocol_version=1, session=session, last_epoch=0, last_seq=0, sent_at_us=0)
        yield replace(order, session=session)


@fails("hello-first")
class WorksWithoutHello(KnowsSessions):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        if isinstance(said, NewOrder) and said.session > self.newest:
            yield from self.done_all_the_same(said, RejectCode.NO_SESSION, said.session)
        else:
            yield from super().command(said)


@fails("session-fence")
class WorksForTheOlder(KnowsSessions):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        if isinstance(said, NewOrder) and said.session < self.newest:
            yield from self.done_all_the_same(said, RejectCode.STALE_SESSION, self.newest)
        else:
            yield from super().command(said)


@fails("engine-heartbeat")
class BeatsWithoutNumber(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        yield replace(message, last_seq=0) if isinstance(message, EngineHeartbeat) else message


# --- orders -----------------------------------------------------------------------------------------------------------
def is_report(message: object, exec_type: ExecType) -> bool:
    return isinstance(message, ExecutionReport) and message.exec_type is exec_type


@fails("new-order")
class TellsAnotherSide(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        yield replace(message, side=Side.SELL) if is_report(message, ExecType.NEW) else message


@fails("duplicate-order")
class AcceptsTheRepeat(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        repeat = isinstance(message, CommandReply) and message.outcome is ReplyOutcome.DUPLICATE
        yield replace(message, outcome=ReplyOutcome.ACCEPTED) if repeat else message


@fails("late-command")
class KnowsNoDeadline(Faithful):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        yield replace(said, deadline_us=INT64_MAX) if isinstance(said, NewOrder) else said


@fails("refused-orders")
class RefusesForNoReason(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        off = isinstance(message, CommandReply) and message.code is RejectCode.OFF_TICK
        yield replace(message, code=RejectCode.INVALID_ORDER) if off else message


class KnowsEnds(Faithful):
    """Remembers how orders ended, and which cancel is for which."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: dict[str, EngineOrderStatus] = {}
        self.canceled: dict[tuple[int, int], str] = {}

    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        if isinstance(said, CancelOrder):
            self.canceled[said.session, said.command_seq] = said.client_order_id
        yield said

    def note(self, message: FromEngine) -> None:
        if isinstance(message, ExecutionReport):
            self.ends[message.client_order_id] = message.status

    def refuses(self, message: FromEngine, status: EngineOrderStatus) -> bool:
        """Is it the refusal to cancel an order that ended so?"""
        if not (isinstance(message, CommandReply) and message.code is RejectCode.ORDER_FINAL):
            return False
        name = self.canceled.get((message.session, message.command_seq), "")
        return self.ends.get(name) is status


@fails("cancel-order")
class CancelsTwice(KnowsEnds):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        self.note(message)
        again = self.refuses(message, EngineOrderStatus.CANCELED)
        yield replace(message, outcome=ReplyOutcome.ACCEPTED, code=None) if again else message


@fails("cancel-fill-race")
class CancelsWhatIsFilled(KnowsEnds):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        self.note(message)
        filled = self.refuses(message, EngineOrderStatus.FILLED)
        yield replace(message, outcome=ReplyOutcome.ACCEPTED, code=None) if filled else message


@fails("order-status")
class LeavesWhatIsCanceled(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        ended = isinstance(message, OrderStatus) and message.status is EngineOrderStatus.CANCELED
        yield replace(message, leaves_quantity_e8=1) if ended else message


@fails("trade")
class CountsTooMuch(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        bought = is_report(message, ExecType.TRADE) and message.account == "engine-check-2"
        ended = bought and message.status is EngineOrderStatus.FILLED
        yield replace(message, cum_quantity_e8=message.cum_quantity_e8 + 1) if ended else message


@fails("immediate-order")
class KeepsWhatIsImmediate(Faithful):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        ioc = isinstance(said, NewOrder) and said.time_in_force is TimeInForce.IOC
        yield replace(said, time_in_force=TimeInForce.DAY) if ioc else said


@fails("expiring-order")
class ExpiresEarly(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        early_us = 10_000_000 if is_report(message, ExecType.EXPIRED) else 0
        yield replace(message, transacted_at_us=message.transacted_at_us - early_us) if early_us else message


@fails("stop-order")
class ForgetsTheStop(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        yield replace(message, stop_price_e8=None) if isinstance(message, OrderStatus) else message


@fails("replace-order")
class ReportsTheOldPrice(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        replaced = is_report(message, ExecType.REPLACED)
        yield replace(message, price_e8=message.price_e8 - 1) if replaced else message


@fails("order-list")
class ListsOneLess(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        yield replace(message, orders=message.orders[1:]) if isinstance(message, OrderList) else message


@fails("mass-cancel")
class CancelsTheFirm(Faithful):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        yield replace(said, scope="firm", target=None) if isinstance(said, MassCancel) else said


@fails("dead-man")
class FearsTooSoon(Faithful):
    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        armed = isinstance(said, ClientHeartbeat) and bool(said.cancel_after_ms)
        yield replace(said, cancel_after_ms=1) if armed else said


# --- reports ----------------------------------------------------------------------------------------------------------
class Replaying(Faithful):
    """Knows whether a replay is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.replaying = False

    def command(self, said: ToEngine) -> Iterable[ToEngine]:
        self.replaying |= isinstance(said, ReplayRequest)
        yield said


@fails("report-sequence")
class ReportsTwice(Replaying):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        self.replaying &= not isinstance(message, ReplayDone)
        yield message
        if isinstance(message, ExecutionReport) and not self.replaying:
            yield message


@fails("replay")
class ReplaysBackwards(Replaying):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[FromEngine] = []

    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        if self.replaying and isinstance(message, ExecutionReport):
            self.kept.append(message)
            return
        if isinstance(message, ReplayDone):
            yield from reversed(self.kept)
            self.kept, self.replaying = [], False
        yield message


@fails("replay-beyond")
class MissesNothing(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        yield replace(message, complete=True) if isinstance(message, ReplayDone) else message


@fails("report-quantities")
class LeavesTooMuch(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        sold = is_report(message, ExecType.NEW) and message.side is Side.SELL
        yield replace(message, leaves_quantity_e8=message.leaves_quantity_e8 + 1) if sold else message


# --- what cannot be read ----------------------------------------------------------------------------------------------
@fails("malformed-commands")
class AnswersWhatItCannotRead(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        malformed = isinstance(message, SessionReject) and message.code is RejectCode.MALFORMED
        yield replace(message, session=7) if malformed else message


@fails("malformed-questions")
class AnswersWhatItWasNotAsked(Faithful):
    def answer(self, message: QueryReply) -> QueryReply:
        return replace(message, request_id=7) if isinstance(message, QueryReject) else message


@fails("readable")
class Stammers(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine | Frames]:
        yield message
        if isinstance(message, EngineHeartbeat):
            header, payload = encode(message)
            yield [header, payload[:-1]]


@fails("clock")
class LivesInTheFuture(Faithful):
    def said(self, message: FromEngine) -> Iterable[FromEngine]:
        beat = isinstance(message, EngineHeartbeat)
        yield replace(message, sent_at_us=message.sent_at_us + 60_000_000) if beat else message


# --- market data ------------------------------------------------------------------------------------------------------
@fails("instruments")
class ListsASymbolTwice(Faithful):
    def answer(self, message: QueryReply) -> QueryReply:
        if not isinstance(message, InstrumentList):
            return message
        return replace(
            message, instruments=[*message.instruments, replace(message.instruments[0], instrument_id=9_999)]
        )


class Published(Faithful):
    """Decodes what is published; subclasses change it."""

    def published(self, topic: bytes, frames: Frames) -> Iterable[Frames]:
        envelope = check(*frames)
        if envelope.kind is Kind.MESSAGE:
            message = self.word(decode_published(frames))
            return [encode_numbered(message, getattr(message, "epoch", envelope.epoch), envelope.seq)]
        payload = self.batch(envelope.kind, frames[1])
        return [[seal(envelope.kind, payload, epoch=envelope.epoch, seq=envelope.seq), payload]]

    def word(self, message: TopicHeartbeat | EngineStatus) -> TopicHeartbeat | EngineStatus:
        return message

    def batch(self, kind: Kind, payload: bytes) -> bytes:
        return payload


@fails("market-numbers")
class PublishesTwice(Faithful):
    def published(self, topic: bytes, frames: Frames) -> Iterable[Frames]:
        return [frames] * (2 if check(*frames).kind is Kind.DEPTH else 1)


@fails("topic-heartbeat")
class RepeatsItsHeartbeat(Published):
    def word(self, message: TopicHeartbeat | EngineStatus) -> TopicHeartbeat | EngineStatus:
        return replace(message, sent_at_us=1) if isinstance(message, TopicHeartbeat) else message


@fails("engine-status")
class TellsAnotherEpoch(Published):
    def word(self, message: TopicHeartbeat | EngineStatus) -> TopicHeartbeat | EngineStatus:
        return replace(message, epoch=message.epoch + 1) if isinstance(message, EngineStatus) else message


@fails("market-batches")
class QuotesWhatIsNotListed(Published):
    def batch(self, kind: Kind, payload: bytes) -> bytes:
        if kind is not Kind.QUOTES:
            return payload
        return encode_quotes([row._replace(instrument_id=9_999) for row in read_quotes(payload)])


@fails("published-trade")
class PublishesHalfOfATrade(Published):
    def batch(self, kind: Kind, payload: bytes) -> bytes:
        if kind is not Kind.TRADES:
            return payload
        return encode_trades([row._replace(size_e8=2 * row.size_e8) for row in read_trades(payload)])


@fails("book-snapshot")
class SnapshotsGrow(Faithful):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def answer(self, message: QueryReply) -> QueryReply:
        if not isinstance(message, BookSnapshot):
            return message
        self.count += 1
        grown = [
            replace(row, bids=[*row.bids[:-1], (row.bids[-1][0], row.bids[-1][1] + self.count)]) if row.bids else row
            for row in message.instruments
        ]
        return replace(message, instruments=grown)


@fails("slow-subscriber")
class WaitsForItsSlowestReader(Faithful):
    publisher_options = {zmq.XPUB_NODROP: 1, zmq.SNDHWM: 1, zmq.SNDBUF: 2048, zmq.HEARTBEAT_IVL: 0}
