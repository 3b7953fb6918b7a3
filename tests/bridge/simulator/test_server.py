"""The engine as a process on real sockets: killed, restarted, held, stopped; and what its peers see of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from bridge.link.feed import FeedLink, FeedMessage
from bridge.simulator.journal import RecordKind, read_journal
from bridge.simulator.server import ForwardClock
from bridge.sockets.curve import Role
from bridge.wire.codec import encode
from bridge.wire.envelope import Kind
from bridge.wire.market import Depth
from bridge.wire.messages import (
    BookSnapshotRequest,
    CommandReply,
    EngineHeartbeat,
    EngineStatus,
    ExecutionReport,
    InstrumentListRequest,
    NewOrder,
    OrderStatus,
)
from bridge.wire.vocabulary import EngineState, ReplyOutcome
from tests.bridge.simulator.peer import EngineProcess, Peer, query
from tests.bridge.simulator.room import E8, cancel, new_order, status
from tests.bridge.waiting import until


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., EngineProcess]]:
    started: list[EngineProcess] = []

    def make(*arguments: str) -> EngineProcess:
        started.append(EngineProcess(tmp_path_factory.mktemp("engine"), *arguments))
        return started[-1]

    yield make
    for engine in started:
        engine.kill()


@pytest.fixture(scope="module")
def engine(launch: Callable[..., EngineProcess]) -> EngineProcess:
    """One with the demo market, for tests that leave it alive."""
    return launch("--seed", "5")


def bridge(context: zmq.Context, engine: EngineProcess, identity: bytes = b"orders") -> Peer:
    return Peer(context, engine.keyring, engine.addresses.commands, identity=identity)


def feed(context: zmq.Context, engine: EngineProcess) -> FeedLink:
    return FeedLink(context, engine.keyring, engine.addresses.market_data, ["md.0", "status"])


def received(link: FeedLink, enough: Callable[[list[FeedMessage]], bool]) -> list[FeedMessage]:
    """Messages until there are enough of them."""
    messages: list[FeedMessage] = []

    def look() -> bool:
        messages.extend(link.receive(1_000))
        return enough(messages)

    until(look, "enough market data")
    return messages


def of_kind(messages: list[FeedMessage], kind: Kind) -> list[FeedMessage]:
    return [message for message in messages if message.topic == "md.0" and message.envelope.kind is kind]


def state_of(message: FeedMessage) -> EngineState | None:
    return message.published.state if isinstance(message.published, EngineStatus) else None


def far_below(name: str, quantity: int = 50) -> NewOrder:
    return new_order(name, "buy", quantity, 100)


def instruments(context: zmq.Context, engine: EngineProcess) -> dict[str, int]:
    reply = query(context, engine.keyring, engine.addresses.queries, *encode(InstrumentListRequest(request_id=1)))
    return {row.symbol: row.instrument_id for row in reply.instruments}


def test_after_a_kill_orders_ids_and_reports_are_all_there(
    launch: Callable[..., EngineProcess], context: zmq.Context
) -> None:
    engine = launch()
    peer = bridge(context, engine)
    first = peer.hello()
    for name in ("stays", "goes"):
        assert peer.ask(far_below(name), CommandReply).outcome is ReplyOutcome.ACCEPTED
    peer.ask(cancel("goes"), CommandReply)
    before, _ = peer.replay(0, 0)
    engine.kill()
    engine.restart()

    second = peer.hello()
    after, done = peer.replay(0, 0)
    assert second.epoch > first.epoch
    assert (after, done.complete) == (before, True)
    assert peer.replay(first.epoch, len(before))[0] == []
    assert peer.ask(status("stays"), OrderStatus).status == "new"
    assert peer.ask(status("goes"), OrderStatus).status == "canceled"
    assert peer.ask(far_below("stays", 70), CommandReply).outcome is ReplyOutcome.DUPLICATE
    peer.ask(cancel("stays"), CommandReply)
    report = peer.wait(ExecutionReport, lambda found: found.client_order_id == "stays")
    assert (report.epoch, report.seq, report.exec_type) == (second.epoch, 1, "canceled")


def test_a_kill_amid_a_burst_loses_no_accepted_order_and_makes_none_twice(
    launch: Callable[..., EngineProcess], context: zmq.Context
) -> None:
    engine = launch("--symbols", "2", "--rate", "500")
    peer = bridge(context, engine)
    peer.hello()
    names = [f"burst-{number}" for number in range(300)]
    peer.say(*(far_below(name) for name in names))
    until(lambda: peer.read() or len(peer.all_of(CommandReply)) > 20, "some replies")
    engine.kill()
    peer.read()
    accepted = {reply.external_order_id for reply in peer.all_of(CommandReply)}
    engine.restart("--symbols", "2", "--rate", "500")

    peer.hello()
    for name in names:
        peer.ask(far_below(name), CommandReply)
    reports, _ = peer.replay(0, 0)
    new = [report for report in reports if report.exec_type == "new"]
    assert sorted(report.client_order_id for report in new) == sorted(names)
    assert accepted <= {report.external_order_id for report in new}


def test_every_command_is_in_the_journal_before_it_is_answered_repeats_too(
    launch: Callable[..., EngineProcess], context: zmq.Context
) -> None:
    engine = launch()
    peer = bridge(context, engine)
    peer.hello()
    commands = [far_below("x"), far_below("x"), cancel("nobody")]
    for command in commands:
        peer.ask(command, CommandReply)
    kept = [record for record in read_journal(engine.directory / "engine") if record.kind is RecordKind.COMMAND]
    assert [record.message() for record in kept] == commands


def test_an_engine_that_forgets_says_that_a_replay_is_not_complete(
    launch: Callable[..., EngineProcess], context: zmq.Context
) -> None:
    engine = launch()
    peer = bridge(context, engine)
    first = peer.hello()
    peer.ask(far_below("x"), CommandReply)
    engine.kill()
    engine.restart("--forget")

    assert peer.hello().epoch > first.epoch
    reports, done = peer.replay(first.epoch, 1)
    assert (reports, done.complete) == ([], False)
    assert not peer.ask(status("x"), OrderStatus).known
    assert len(list((engine.directory / "engine").glob("journal.forgotten-*"))) == 1


def test_a_market_order_fills_from_the_demo_book(engine: EngineProcess, context: zmq.Context) -> None:
    peer = bridge(context, engine)
    peer.hello(session=10)
    number = instruments(context, engine)["IBM"]
    peer.ask(new_order("buy", "buy", 1_000, None, session=10, instrument_id=number), CommandReply)
    final = peer.wait(ExecutionReport, lambda report: report.client_order_id == "buy" and not report.leaves_quantity_e8)
    assert (final.status, final.cum_quantity_e8, final.symbol) == ("filled", 1_000 * E8, "IBM")


def test_the_snapshot_and_later_changes_give_the_book_of_a_later_snapshot(
    engine: EngineProcess, context: zmq.Context
) -> None:
    link = feed(context, engine)
    heard = received(link, lambda messages: bool(of_kind(messages, Kind.DEPTH)))
    request = encode(BookSnapshotRequest(request_id=1, shard="0"))
    early = query(context, engine.keyring, engine.addresses.queries, *request)
    received_more = received(link, lambda messages: len(of_kind(messages, Kind.DEPTH)) > 50)
    late = query(context, engine.keyring, engine.addresses.queries, *request)
    tail = received(link, lambda messages: link.position("md.0")[1] >= late.seq)

    books = {row.instrument_id: {1: dict(row.bids), 2: dict(row.asks)} for row in early.instruments}
    for message in of_kind([*heard, *received_more, *tail], Kind.DEPTH):
        if early.seq < message.envelope.seq <= late.seq:
            for row in message.rows:
                apply(books[row.instrument_id], row)
    assert books == {row.instrument_id: {1: dict(row.bids), 2: dict(row.asks)} for row in late.instruments}
    link.close()


def apply(book: dict[int, dict[int, int]], row: Depth) -> None:
    assert row.side in book
    if row.size_e8:
        book[row.side][row.price_e8] = row.size_e8
    else:
        del book[row.side][row.price_e8]


def test_heartbeats_come_on_every_stream(engine: EngineProcess, context: zmq.Context) -> None:
    link, peer = feed(context, engine), bridge(context, engine)
    welcome = peer.hello(session=20)
    beat = peer.wait(EngineHeartbeat)
    assert (beat.session, beat.epoch) == (20, welcome.epoch)
    messages = received(link, lambda found: {m.topic for m in found if m.published} == {"md.0", "status"})
    assert {state_of(message) for message in messages} == {None, EngineState.OPEN}
    link.close()


def test_a_key_that_is_not_on_the_list_reaches_nothing(engine: EngineProcess, context: zmq.Context) -> None:
    stranger = Peer(context, engine.keyring, engine.addresses.commands, identity=b"web", role=Role.WEB)
    friend = bridge(context, engine)
    friend.hello(session=30)
    assert not stranger.can_say(b"", b"")


def test_the_market_stands_still_while_it_is_held(
    launch: Callable[..., EngineProcess], context: zmq.Context, tmp_path: Path
) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    engine = launch("--symbols", "3", "--rate", "2000", "--hold-file", str(hold))
    link = feed(context, engine)
    quiet = received(link, lambda messages: sum(m.published is not None for m in messages) >= 4)
    assert of_kind(quiet, Kind.QUOTES) == []
    hold.unlink()
    received(link, lambda messages: bool(of_kind(messages, Kind.QUOTES)))
    link.close()


def test_a_stop_is_told_and_clean(launch: Callable[..., EngineProcess], context: zmq.Context) -> None:
    engine = launch()
    link = feed(context, engine)
    received(link, bool)
    engine.ask_to_stop()
    received(link, lambda messages: any(state_of(message) is EngineState.STOPPING for message in messages))
    assert engine.process.wait(timeout=20) == 0
    assert "Traceback" not in engine.log()


def test_the_clock_of_deadlines_stands_still_where_the_hosts_is_set_back() -> None:
    told = iter([10, 20, 5, 19, 21])
    clock_us = ForwardClock(lambda: next(told))
    assert [clock_us() for _ in range(5)] == [10, 20, 20, 20, 21]
