"""Is a backup found where the primary engine is not, and is it stayed with?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.link.commands import WELCOME_SECONDS
from bridge.link.feed import CONNECT_ANEW_SECONDS, FeedLink
from bridge.link.places import Places
from bridge.link.queries import QueryLink, QueryTimeout
from bridge.link.states import LinkState
from bridge.wire.messages import Hello, InstrumentListRequest
from bridge.wire.sequence import Verdict
from tests.bridge.link.conftest import SESSION
from tests.bridge.link.scripted_engine import Clock, Owner, ScriptedEngine
from tests.bridge.link.test_feed import joined, publish, publish_status, verdicts
from tests.bridge.link.test_queries import LONG_MS, SHORT_MS, answering, instruments
from tests.bridge.waiting import until


@pytest.fixture
def backup(start_engine: Callable[..., ScriptedEngine]) -> ScriptedEngine:
    return start_engine(epoch=2)


@pytest.fixture
def listed(engine: ScriptedEngine, backup: ScriptedEngine) -> dict[str, str]:
    """Both addresses by the name of their socket."""
    return {name: f"{engine.addresses[name]},{backup.addresses[name]}" for name in engine.addresses}


@pytest.fixture
def command_address(listed: dict[str, str]) -> str:
    return listed["commands"]


def test_one_address_is_tried_again_and_again() -> None:
    places = Places("tcp://a:1")
    places.move_on()
    assert places.current == "tcp://a:1"


def test_the_first_comes_after_the_last() -> None:
    places, tried = Places("tcp://a:1,tcp://b:1"), []
    for _ in range(3):
        tried.append(places.current)
        places.move_on()
    assert tried == ["tcp://a:1", "tcp://b:1", "tcp://a:1"]


def test_a_session_goes_on_with_the_backup(owner: Owner, engine: ScriptedEngine, backup, clock) -> None:
    owner.until_live()
    engine.die()
    owner.engine = backup
    until(lambda: hears_us(owner, clock), "a Hello at the backup")
    backup.welcome(SESSION, last_seq=0)
    owner.until_state(LinkState.SYNCING)
    assert owner.link.epoch == 2


def hears_us(owner: Owner, clock: Clock) -> bool:
    """Whether a Hello has come to `owner.engine`; time passes only between attempts."""
    if owner.link.state is LinkState.DOWN:
        clock.advance(0.1)
    owner.turn()
    return isinstance(owner.engine.hear(), Hello)


def test_an_engine_that_takes_no_session_is_left_for_the_next(owner: Owner, backup: ScriptedEngine, clock) -> None:
    clock.advance(WELCOME_SECONDS + 1)
    owner.until_state(LinkState.DOWN)
    owner.engine = backup
    until(lambda: hears_us(owner, clock), "a Hello at the backup")


def test_an_engine_that_was_there_is_tried_again_where_it_was(owner, engine, backup, start_engine, clock) -> None:
    owner.until_live()
    engine.die()
    owner.until_state(LinkState.DOWN)
    owner.engine = start_engine(addresses=engine.addresses, epoch=3)
    until(lambda: hears_us(owner, clock), "a Hello at the primary")
    assert backup.hear() is None


def test_the_feed_is_heard_where_it_is_told(context, keyring, engine, backup, listed, clock) -> None:
    link = FeedLink(context, keyring, listed["market_data"], ["md.0", "status"], monotonic=clock)
    joined(link, engine)
    publish(engine, 5)
    assert verdicts(link, engine) == [Verdict.NEW_EPOCH]
    engine.die()
    clock.advance(CONNECT_ANEW_SECONDS + 1)
    link.look()
    until(lambda: (publish_status(backup, 2), link.receive(100))[1], "the backup")
    publish(backup, 1, epoch=2)
    until(lambda: (link.receive(100), link.position("md.0") == (2, 1))[1], "the new epoch")
    link.close()


def test_who_does_not_answer_is_not_asked_again(context, keyring, engine, backup, listed) -> None:
    link = QueryLink(context, keyring, listed["queries"])
    engine.die()
    with pytest.raises(QueryTimeout):
        link.ask(InstrumentListRequest(request_id=1), SHORT_MS)
    thread = answering(backup, instruments)
    assert link.ask(InstrumentListRequest(request_id=2), LONG_MS).request_id == 2
    thread.join()
    link.close()
