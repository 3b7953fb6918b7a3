from bridge.link.commands import DEGRADED_SECONDS, DOWN_SECONDS
from bridge.link.states import LinkState
from bridge.wire.codec import encode
from bridge.wire.envelope import Kind, seal
from bridge.wire.faults import Reason
from bridge.wire.messages import (
    CancelOrder,
    ClientHeartbeat,
    EngineHeartbeat,
    ExecutionReport,
    Hello,
    ReplayDone,
    ReplayRequest,
)
from tests.bridge.link.conftest import SESSION
from tests.bridge.link.samples import CANCEL, reply, report
from tests.bridge.link.scripted_engine import Clock, Owner, ScriptedEngine

DOWN, CONNECTING, SYNCING, LIVE, DEGRADED = LinkState


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


def test_an_owner_that_has_forgotten_what_it_heard_gets_a_new_connection(owner: Owner, clock: Clock) -> None:
    owner.until_live()
    before = owner.link.socket
    owner.link.renew("forgotten")
    owner.until_state(DOWN)
    clock.advance(1.0)
    owner.until_live()
    assert owner.link.socket is not before
    assert "forgotten" in [each.reason for each in owner.events]


def test_a_link_without_a_session_has_nothing_to_renew(owner: Owner) -> None:
    owner.until_engine_hears(Hello)
    owner.link.renew("forgotten")
    assert owner.link.state is CONNECTING


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
