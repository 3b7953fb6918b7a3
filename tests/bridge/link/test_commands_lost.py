import logging

import pytest
import zmq

from bridge.link.commands import REFUSED_SECONDS, WELCOME_SECONDS, CommandLink
from bridge.link.states import Fenced, LinkState, StateChanged
from bridge.sockets.curve import Role
from bridge.wire.codec import encode
from bridge.wire.messages import (
    CancelOrder,
    CommandReply,
    Hello,
    ReplayRequest,
    SessionReject,
)
from bridge.wire.vocabulary import RejectCode
from tests.bridge.link.conftest import SESSION
from tests.bridge.link.samples import CANCEL, reply
from tests.bridge.link.scripted_engine import Clock, Owner, ScriptedEngine

DOWN, CONNECTING, SYNCING, LIVE, DEGRADED = LinkState


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
    assert 0.9 <= waits[-1] <= 1.1


def test_an_engine_that_stays_away_is_logged_once(owner: Owner, engine: ScriptedEngine, clock: Clock, caplog) -> None:
    caplog.set_level(logging.INFO)
    engine.die()
    for _ in range(5):
        owner.until_state(DOWN)
        clock.advance(10.0)
        owner.until_state(CONNECTING)
    assert [record.reason for record in caplog.records].count("the engine is not listening") == 1


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
