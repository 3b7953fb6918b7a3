from uuid import UUID

import pytest
import zmq

from bridge.link.commands import DEGRADED_SECONDS, DOWN_SECONDS, REFUSED_SECONDS, WELCOME_SECONDS, CommandLink
from bridge.link.states import Fenced, LinkState, StateChanged
from bridge.sockets.curve import Role
from bridge.wire.codec import encode
from bridge.wire.envelope import Kind, seal
from bridge.wire.faults import Reason
from bridge.wire.messages import (
    CancelOrder,
    ClientHeartbeat,
    CommandReply,
    EngineHeartbeat,
    ExecutionReport,
    Hello,
    ReplayDone,
    ReplayRequest,
    SessionReject,
)
from bridge.wire.vocabulary import EngineOrderStatus, ExecType, RejectCode, ReplyOutcome, Side
from tests.bridge.link.conftest import SESSION
from tests.bridge.link.scripted_engine import Clock, Owner, ScriptedEngine

ORDER = UUID(int=1)
CANCEL = CancelOrder(
    session=SESSION, command_seq=1, deadline_us=10**15, order_id=ORDER, account="a1", client_order_id="c1"
)
DOWN, CONNECTING, SYNCING, LIVE, DEGRADED = LinkState


def report(epoch: int, seq: int) -> ExecutionReport:
    return ExecutionReport(
        epoch=epoch,
        seq=seq,
        exec_id=f"{epoch}-{seq}",
        exec_type=ExecType.NEW,
        status=EngineOrderStatus.NEW,
        order_id=ORDER,
        account="a1",
        client_order_id="c1",
        external_order_id="x1",
        instrument_id=1,
        symbol="AAPL",
        side=Side.BUY,
        quantity_e8=1,
        cum_quantity_e8=0,
        leaves_quantity_e8=1,
        transacted_at_us=1,
    )


def reply(epoch: int, last_seq: int) -> CommandReply:
    return CommandReply(
        session=SESSION,
        command_seq=1,
        outcome=ReplyOutcome.ACCEPTED,
        epoch=epoch,
        last_seq=last_seq,
        received_at_us=1,
        sent_at_us=1,
    )


# --- coming up --------------------------------------------------------------------------------------------------------
def test_hello_comes_first_and_says_where_we_stand(owner: Owner) -> None:
    hello = owner.until_engine_hears(Hello)
    assert (hello.protocol_version, hello.session, hello.last_epoch, hello.last_seq) == (1, SESSION, 3, 44)
    assert owner.engine.peer == b"orders.7"


def test_a_welcome_brings_epoch_and_last_number(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_engine_hears(Hello)
    engine.welcome(SESSION, last_seq=99)
    owner.until_state(SYNCING)
    assert (owner.link.epoch, owner.link.engine_last_seq) == (1, 99)
    assert owner.states == [CONNECTING, SYNCING]


def test_the_owner_says_when_the_link_is_live(owner: Owner) -> None:
    owner.until_live()
    assert owner.states == [CONNECTING, SYNCING, LIVE]


def test_replay_can_be_asked_for_once_welcomed(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_syncing()
    assert owner.link.send(ReplayRequest(session=SESSION, epoch=3, after_seq=44))
    owner.until_engine_hears(ReplayRequest)
    engine.say(report(1, 1), ReplayDone(session=SESSION, epoch=1, last_seq=1, complete=True))
    owner.until_said(ReplayDone)
    assert report(1, 1) in owner.said


def test_reports_of_earlier_epochs_are_taken_in_a_replay(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_syncing()
    engine.epoch = 1
    owner.link.epoch = 5
    engine.say(report(4, 10))
    owner.until_said(ExecutionReport)
    assert owner.link.state is SYNCING


def test_nothing_is_sent_before_the_welcome(owner: Owner) -> None:
    owner.until_engine_hears(Hello)
    assert not owner.link.send(CANCEL)


def test_what_was_meant_for_an_earlier_connection_is_counted_and_kept_back(owner, engine) -> None:
    owner.until_engine_hears(Hello)
    engine.say(report(1, 1), reply(1, 1))
    engine.welcome(SESSION)
    owner.until_state(SYNCING)
    assert owner.link.strays == {"ExecutionReport": 1, "CommandReply": 1}
    assert [type(message).__name__ for message in owner.said] == ["Welcome"]


def test_a_welcome_for_another_session_is_not_ours(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_engine_hears(Hello)
    engine.welcome(SESSION - 1)
    engine.welcome(SESSION, last_seq=5)
    owner.until_state(SYNCING)
    assert (owner.link.strays, owner.link.engine_last_seq) == ({"Welcome": 1}, 5)


# --- staying up -------------------------------------------------------------------------------------------------------
def test_both_sides_beat(owner: Owner, engine: ScriptedEngine, clock: Clock) -> None:
    owner.until_live()
    owner.until_engine_hears(ClientHeartbeat)
    clock.advance(1.0)
    assert owner.until_engine_hears(ClientHeartbeat).session == SESSION
    engine.beat(SESSION, last_seq=12)
    owner.until_said(EngineHeartbeat)
    assert owner.link.engine_last_seq == 12


def test_every_answer_says_where_the_reports_stand_and_none_goes_back(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_live()
    engine.say(reply(1, 8), report(1, 9), reply(1, 7))
    owner.until_said(ExecutionReport)
    engine.beat(SESSION, last_seq=3)
    owner.until_said(EngineHeartbeat)
    assert owner.link.engine_last_seq == 9


def test_a_command_arrives_as_it_was_sent(owner: Owner) -> None:
    owner.until_live()
    assert owner.link.send(CANCEL)
    assert owner.until_engine_hears(CancelOrder) == CANCEL


def test_silence_degrades_the_link_and_then_ends_it(owner: Owner, clock: Clock) -> None:
    owner.until_live()
    clock.advance(DEGRADED_SECONDS + 0.1)
    owner.until_state(DEGRADED)
    clock.advance(DOWN_SECONDS - DEGRADED_SECONDS)
    owner.until_state(DOWN)
    assert "silent for 5 s" in owner.last_reason


def test_an_engine_that_speaks_again_is_synchronised_again(owner: Owner, engine: ScriptedEngine, clock: Clock) -> None:
    owner.until_live()
    clock.advance(DEGRADED_SECONDS + 0.1)
    owner.until_state(DEGRADED)
    engine.beat(SESSION)
    owner.until_state(SYNCING)
    assert owner.states == [CONNECTING, SYNCING, LIVE, DEGRADED, SYNCING]


def test_a_degraded_link_still_carries_cancels(owner: Owner, clock: Clock) -> None:
    owner.until_live()
    clock.advance(DEGRADED_SECONDS + 0.1)
    owner.until_state(DEGRADED)
    assert owner.link.send(CANCEL)


def test_after_silence_a_new_connection_says_hello_again(owner: Owner, clock: Clock) -> None:
    owner.until_live()
    before = owner.link.socket
    clock.advance(DOWN_SECONDS + 0.1)
    owner.until_state(DOWN)
    clock.advance(1.0)
    owner.until_live()
    assert owner.link.socket is not before
    assert before.closed


def test_malformed_frames_are_counted_by_reason_and_disturb_nothing(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_live()
    envelope, payload = encode(reply(1, 1))
    for frames in (
        [b""],
        [payload],
        [envelope, payload, b"more"],
        [b"short", payload],
        [b"XXXX" + envelope[4:], payload],
        [envelope, payload[:-1]],
        [envelope, payload[:-1] + b"\x00"],
        [seal(Kind.MESSAGE, b"\xc1"), b"\xc1"],
        [seal(Kind.MESSAGE, b"\x80"), b"\x80"],
        [seal(Kind.QUOTES, payload), payload],
    ):
        engine.say_frames(frames)
    engine.beat(SESSION, last_seq=2)
    owner.until_said(EngineHeartbeat)
    assert owner.link.faults == {
        Reason.FRAME_COUNT: 3,
        Reason.ENVELOPE_SIZE: 1,
        Reason.MAGIC: 1,
        Reason.LENGTH: 1,
        Reason.CHECKSUM: 1,
        Reason.NOT_MESSAGEPACK: 1,
        Reason.SCHEMA: 1,
        Reason.KIND: 1,
    }
    assert owner.link.state is LIVE


def test_garbage_is_no_sign_of_life(owner: Owner, engine: ScriptedEngine, clock: Clock) -> None:
    owner.until_live()
    clock.advance(DEGRADED_SECONDS + 0.1)
    engine.say_frames([b"noise", b"noise"])
    owner.until_state(DEGRADED)
    owner.turn()
    assert owner.link.state is DEGRADED


# --- going down and coming back ---------------------------------------------------------------------------------------
def test_an_engine_that_dies_is_noticed_at_once(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_live()
    engine.die()
    owner.until_state(DOWN)
    assert owner.last_reason == "the engine closed the connection"
    assert not owner.link.send(CANCEL)


def test_an_engine_that_returns_in_a_new_epoch_is_joined_again(owner, engine, start_engine, clock) -> None:
    owner.until_live()
    engine.die()
    owner.until_state(DOWN)
    owner.link.applied(1, 17)
    owner.engine = start_engine(addresses=engine.addresses, epoch=2)
    clock.advance(10.0)
    hello = owner.until_engine_hears(Hello)
    assert (hello.last_epoch, hello.last_seq) == (1, 17)
    owner.engine.welcome(SESSION, last_seq=0)
    owner.until_state(SYNCING)
    assert (owner.link.epoch, owner.link.engine_last_seq) == (2, 0)


def test_no_command_of_the_old_connection_reaches_the_new_engine(owner, engine, start_engine, clock) -> None:
    owner.until_live()
    engine.die()
    owner.link.send(CANCEL)
    owner.until_state(DOWN)
    owner.engine = start_engine(addresses=engine.addresses, epoch=2)
    assert not owner.link.send(CANCEL)
    clock.advance(10.0)
    owner.until_live()
    assert owner.link.send(ReplayRequest(session=SESSION, epoch=0, after_seq=0))
    heard = []
    while not isinstance(message := owner.engine.hear(), ReplayRequest):
        heard.append(message)
    assert not [message for message in heard if isinstance(message, CancelOrder)]


def test_attempts_at_an_absent_engine_back_off(owner: Owner, engine: ScriptedEngine, clock: Clock) -> None:
    engine.die()
    waits = []
    for _ in range(7):
        owner.until_state(DOWN)
        begin = clock.now
        while owner.link.state is DOWN:
            clock.advance(0.05)
            owner.turn()
        waits.append(clock.now - begin)
    assert waits == sorted(waits)
    assert waits[0] <= 0.2
    assert 2.9 <= waits[-1] <= 3.1


def test_a_welcome_that_does_not_come_ends_the_attempt(owner: Owner, clock: Clock) -> None:
    owner.until_engine_hears(Hello)
    clock.advance(WELCOME_SECONDS + 0.1)
    owner.until_state(DOWN)
    assert owner.last_reason == "no Welcome came"


def test_a_changed_epoch_means_that_the_engine_was_restarted(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_live()
    engine.epoch = 2
    engine.beat(SESSION)
    owner.until_state(DOWN)
    assert owner.last_reason == "the engine was restarted"


def test_an_engine_that_does_not_know_the_session_gets_a_new_hello(owner, engine, clock) -> None:
    owner.until_live()
    engine.refuse(RejectCode.NO_SESSION)
    owner.until_state(DOWN)
    clock.advance(1.0)
    owner.until_live()


def test_messages_behind_the_one_that_ended_a_connection_are_not_taken(owner, engine) -> None:
    owner.until_live()
    engine.refuse(RejectCode.NO_SESSION)
    engine.say(reply(1, 1))
    owner.until_state(DOWN)
    owner.turn()
    assert not [message for message in owner.said if isinstance(message, CommandReply)]


# --- refusals ---------------------------------------------------------------------------------------------------------
def test_a_newer_session_fences_us_for_good(owner: Owner, engine: ScriptedEngine, clock: Clock) -> None:
    owner.until_live()
    engine.refuse(RejectCode.STALE_SESSION)
    owner.until_said(SessionReject)
    owner.turn()
    assert Fenced(SESSION, "as scripted") in owner.events
    clock.advance(100_000)
    owner.turn()
    assert owner.link.state is DOWN


def test_we_can_be_fenced_before_we_are_welcomed(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_engine_hears(Hello)
    engine.refuse(RejectCode.STALE_SESSION)
    owner.until_state(DOWN)
    assert owner.events[-1] == Fenced(SESSION, "as scripted")


@pytest.mark.parametrize("how", ["welcome", "reject", "envelope"])
def test_another_protocol_version_is_named_and_retried_slowly(owner, engine, clock, how) -> None:
    owner.until_engine_hears(Hello)
    if how == "welcome":
        engine.welcome(SESSION, version=2)
    elif how == "reject":
        engine.refuse(RejectCode.VERSION_MISMATCH)
    else:
        envelope, payload = encode(reply(1, 1))
        engine.say_frames([envelope[:4] + b"\x02\x00" + envelope[6:], payload])
    owner.until_state(DOWN)
    assert "version" in owner.last_reason
    clock.advance(REFUSED_SECONDS - 0.1)
    owner.turn()
    assert owner.link.state is DOWN
    clock.advance(0.2)
    owner.until_live()


def test_a_refused_key_is_named(context, keyring, engine, clock) -> None:
    address = engine.addresses["commands"]
    link = CommandLink(context, keyring, address, session=SESSION, clock_us=lambda: 1, role=Role.WEB, monotonic=clock)
    owner = Owner(link, engine)
    link.start(0, 0)
    owner.until_state(DOWN)
    assert owner.last_reason == "the engine refused our key"
    link.close()


def test_something_that_is_no_engine_is_named(context, keyring, engine, clock) -> None:
    plain = context.socket(zmq.ROUTER)
    address = f"tcp://127.0.0.1:{plain.bind_to_random_port('tcp://127.0.0.1')}"
    link = CommandLink(context, keyring, address, session=SESSION, clock_us=lambda: 1, monotonic=clock)
    owner = Owner(link, engine)
    link.start(0, 0)
    owner.until_state(DOWN)
    assert "handshake failed" in owner.last_reason or "closed the connection" in owner.last_reason
    link.close()


def test_every_change_of_state_has_a_reason(owner: Owner, engine: ScriptedEngine) -> None:
    owner.until_live()
    engine.die()
    owner.until_state(DOWN)
    changes = [event for event in owner.events if isinstance(event, StateChanged)]
    assert [change.before for change in changes] == [DOWN, CONNECTING, SYNCING, LIVE]
    assert all(change.reason for change in changes)


def test_a_full_queue_is_not_sent_and_nothing_blocks(owner: Owner) -> None:
    owner.until_live()
    assert owner.link.send(CANCEL)
    assert not all(owner.link.send(CANCEL) for _ in range(1_000_000))
