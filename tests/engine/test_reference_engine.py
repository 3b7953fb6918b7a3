"""Does the C++ engine do what the Python one does? The same tests on it, and one journal for both."""
# ruff: noqa: F401, F811 - the tests of the other engine, with fixtures that start this one

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zmq

from bridge.sockets.curve import Role
from bridge.wire.codec import encode
from bridge.wire.golden.__main__ import VECTORS
from bridge.wire.messages import (
    BookSnapshotRequest,
    ClientHeartbeat,
    CommandReply,
    ExecutionReport,
    OrderStatus,
    QueryReject,
    SessionReject,
)
from bridge.wire.vocabulary import RejectCode, ReplyOutcome
from tests.bridge.conftest import context
from tests.bridge.simulator.peer import EngineProcess, Peer, query
from tests.bridge.simulator.room import cancel, new_order, status
from tests.bridge.simulator.test_server import (
    bridge,
    far_below,
    test_a_key_that_is_not_on_the_list_reaches_nothing,
    test_a_kill_amid_a_burst_loses_no_accepted_order_and_makes_none_twice,
    test_a_market_order_fills_from_the_demo_book,
    test_a_stop_is_told_and_clean,
    test_after_a_kill_orders_ids_and_reports_are_all_there,
    test_an_engine_that_forgets_says_that_a_replay_is_not_complete,
    test_every_command_is_in_the_journal_before_it_is_answered_repeats_too,
    test_heartbeats_come_on_every_stream,
    test_the_market_stands_still_while_it_is_held,
    test_the_snapshot_and_later_changes_give_the_book_of_a_later_snapshot,
)
from tests.bridge.waiting import until
from tests.engine.conftest import PYTHON, Launch
from tests.engine.dealings import dealings, outcomes

pytestmark = pytest.mark.timeout(600)  # whoever comes first compiles


@pytest.fixture
def engine(launch: Launch) -> EngineProcess:
    """One with the demo market; it starts in no time, so each test has its own."""
    return launch("--seed", "5")


def test_both_engines_make_the_same_of_three_hundred_commands(
    launch: Launch, context: zmq.Context, tmp_path: Path
) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    said = []
    for command in (PYTHON, None):
        engine = launch("--symbols", "2", "--hold-file", str(hold), command=command)
        peer = bridge(context, engine)
        peer.hello()
        said.append(outcomes(peer, dealings(seed=7, count=300)))
        peer.close()
    for python, cpp in zip(*said, strict=True):
        assert cpp == python


def test_either_engine_goes_on_from_the_journal_of_the_other(
    launch: Launch, reference_engine: Path, context: zmq.Context
) -> None:
    engine = launch(command=PYTHON)
    peer = bridge(context, engine)
    first = peer.hello()
    for name in ("stays", "goes"):
        peer.ask(far_below(name), CommandReply)
    peer.ask(cancel("goes"), CommandReply)
    for command in ((reference_engine,), PYTHON):
        engine.kill()
        engine.command = command
        engine.restart()
        assert peer.hello().epoch > first.epoch
        reports, done = peer.replay(0, 0)
        assert [report.exec_type for report in reports] == ["new", "new", "canceled"]
        assert done.complete
        assert peer.ask(status("stays"), OrderStatus).status == "new"
        assert peer.ask(far_below("goes"), CommandReply).outcome is ReplyOutcome.DUPLICATE
    peer.close()


def test_what_was_never_answered_is_cut_off_and_kept_aside(launch: Launch, context: zmq.Context) -> None:
    engine = launch()
    peer = bridge(context, engine)
    peer.hello()
    peer.ask(far_below("x"), CommandReply)
    engine.kill()
    with (engine.directory / "engine" / "journal").open("ab") as journal:
        journal.write(b"torn")
    engine.restart()
    peer.hello()
    assert peer.ask(status("x"), OrderStatus).known
    (aside,) = (engine.directory / "engine").glob("journal.cut-at-*")
    assert aside.read_bytes() == b"torn"


def malformed(decoder: str) -> list[tuple[list[bytes], str]]:
    """(frames, reason) of the golden vectors that this reader must refuse."""
    vectors = json.loads((VECTORS / "malformed.json").read_text(encoding="ascii"))
    chosen = [vector for vector in vectors if vector["decoder"] == decoder and vector["frames"]]
    return [([bytes.fromhex(frame) for frame in vector["frames"]], vector["reason"]) for vector in chosen]


def test_every_malformed_command_is_answered_and_the_next_good_one_done(
    engine: EngineProcess, context: zmq.Context
) -> None:
    peer = bridge(context, engine)
    peer.hello(session=40)
    for frames, reason in malformed("to_engine"):
        peer.read()
        seen = len(peer.all_of(SessionReject))
        peer.say_frames(*frames)
        until(lambda due=seen: peer.read() or len(peer.all_of(SessionReject)) > due, reason)
        said = peer.all_of(SessionReject)[-1]
        assert (said.session, said.code) == (0, reject_code(reason)), said
        assert said.reason.startswith(reason)
    assert peer.ask(new_order("good", session=40, price=100), CommandReply).outcome is ReplyOutcome.ACCEPTED
    peer.close()


def test_every_malformed_question_is_answered(engine: EngineProcess, context: zmq.Context) -> None:
    for frames, reason in malformed("query"):
        said = query(context, engine.keyring, engine.addresses.queries, *frames)
        assert isinstance(said, QueryReject)
        assert (said.request_id, said.code) == (0, reject_code(reason))
    nowhere = query(
        context, engine.keyring, engine.addresses.queries, *encode(BookSnapshotRequest(request_id=9, shard="9"))
    )
    assert (nowhere.request_id, nowhere.code) == (9, RejectCode.UNKNOWN_INSTRUMENT)


def reject_code(reason: str) -> RejectCode:
    return RejectCode.VERSION_MISMATCH if reason == "VERSION" else RejectCode.MALFORMED


def test_a_silent_bridge_has_its_orders_ended(launch: Launch, context: zmq.Context) -> None:
    peer = bridge(context, launch())
    peer.hello()
    peer.ask(far_below("x"), CommandReply)
    peer.say(ClientHeartbeat(session=1, sent_at_us=0, cancel_after_ms=200))
    report = peer.wait(ExecutionReport, lambda found: found.exec_type == "canceled")
    assert (report.client_order_id, report.code) == ("x", RejectCode.BRIDGE_SILENT)


def test_a_newer_session_shuts_out_the_older_one(engine: EngineProcess, context: zmq.Context) -> None:
    older, newer = bridge(context, engine, b"older"), bridge(context, engine, b"newer")
    older.hello(session=50)
    newer.hello(session=51)
    assert older.ask(far_below("late"), SessionReject).code is RejectCode.STALE_SESSION
    assert newer.ask(new_order("early", session=52), SessionReject).code is RejectCode.NO_SESSION
    older.close()
    newer.close()


def test_a_key_is_added_and_another_revoked_while_the_engine_runs(launch: Launch, context: zmq.Context) -> None:
    engine = launch()
    keys = engine.directory / "keys"
    revoked = (keys / "recorder.public").read_text()
    (keys / "revoked").write_text(f"{revoked} lost")
    (keys / "feed-bridge.next.public").write_text((keys / "web.public").read_text())
    shut_out = Peer(context, engine.keyring, engine.addresses.commands, identity=b"r", role=Role.RECORDER)
    let_in = Peer(context, engine.keyring, engine.addresses.commands, identity=b"w", role=Role.WEB)
    let_in.hello()
    assert not shut_out.can_say(b"", b"")
    shut_out.close()
    let_in.close()
