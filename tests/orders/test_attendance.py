"""What does a web process tell the order bridge of its sockets? The bridge's part is played by the real core."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from notifications.stream import user_stream
from orders.attendance import Attendance
from orders.bridge.safeguard_answers import safeguard_answer
from orders.core.inputs import Attend, GuardOf, Ticket
from orders.core.outcomes import AttendReply, GuardReply
from orders.request_frame import Caller
from orders.safeguard_requests import AttendAnswer, AttendSessions, GuardAnswer, GuardScope, GuardSession
from tests.orders.core.desk import ANN, LATER_US, Desk
from tests.orders.core.safeguarding import OTHER, SESSION, in_session
from tradingmw.errors import OutcomeUnknown, Unavailable

BEAT_SECONDS = 0.005
PATIENCE_SECONDS = 10.0


class Bridge:
    """The core, asked in memory. `heard` is what it was told; while it is `away` it cannot be reached."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.heard: list[AttendSessions] = []
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.held: asyncio.Event | None = None  #: the next answer waits for it
        self._more = asyncio.Event()

    async def attend(self, request: AttendSessions) -> AttendAnswer:
        if self.away:
            raise Unavailable("The order bridge cannot be reached.")
        self.heard.append(request)
        self._more.set()
        (reply,) = self.desk.do(Attend(Ticket(b"web", 1), request)).replies
        assert isinstance(reply, AttendReply)
        answer = safeguard_answer(reply, {})
        held, self.held = self.held, None
        if held:
            await held.wait()
        assert isinstance(answer, AttendAnswer)
        return answer

    async def guard(self, request: GuardSession) -> GuardAnswer:
        await self.slow.wait()
        if self.away:
            raise OutcomeUnknown
        (reply,) = self.desk.do(GuardOf(Ticket(b"web", 1), replace(request, deadline_us=LATER_US))).replies
        assert isinstance(reply, GuardReply)
        answer = safeguard_answer(reply, {user_stream(ANN.user): 7})
        assert isinstance(answer, GuardAnswer)
        return answer

    @property
    def gone(self) -> list[uuid.UUID]:
        return [session for request in self.heard for session in request.gone]

    async def until_heard(self, count: int) -> None:
        """So many messages more, each but the first a beat."""
        wanted = len(self.heard) + count
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.heard) < wanted:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def bridge() -> Bridge:
    return Bridge()


@pytest.fixture
async def here(bridge: Bridge) -> AsyncIterator[Attendance]:
    here = Attendance(bridge, beat_seconds=BEAT_SECONDS)
    yield here
    for socket in list(here._sessions):
        here.leave(socket)
    await settled()


async def settled() -> None:
    """What is under way in this loop has come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def guard(here: Attendance, caller: Caller | None = None, *, enabled: bool = True) -> GuardAnswer:
    caller = caller or in_session()
    return await here.guard(caller, enabled=enabled, grace_seconds=5, scope=GuardScope.SESSION)


async def test_a_session_that_is_not_guarded_is_asked_about_once(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    here.join(SESSION, "two")
    await settled()
    assert [request.present for request in bridge.heard] == [[SESSION]]
    here.join(OTHER, "three")
    await guard(here, in_session(OTHER))
    await settled()
    await bridge.until_heard(3)
    assert [request.present for request in bridge.heard[-3:]] == [[OTHER]] * 3


async def test_a_guarded_one_is_named_with_each_beat(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    here.join(OTHER, "two")
    assert (await guard(here)).last_event_id == 7
    await settled()
    await bridge.until_heard(3)
    assert all(request.present == [SESSION] for request in bridge.heard[-3:])
    assert {request.process for request in bridge.heard} == {here.process}


async def test_that_the_last_socket_is_gone_is_said_at_once(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    here.join(SESSION, "two")
    await guard(here)
    await settled()
    here.leave("one")
    await settled()
    assert bridge.gone == []
    here.leave("two", back_us=5_000_000)
    await settled()
    assert bridge.gone == [SESSION] and bridge.heard[-1].back_us == 5_000_000
    assert bridge.desk.book.safeguards.attendances[SESSION].heard_us == {}


async def test_who_comes_back_is_found_to_be_guarded_in_another_process_too(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    await guard(here)
    here.leave("one")
    elsewhere = Attendance(bridge, beat_seconds=BEAT_SECONDS)
    elsewhere.join(SESSION, "two")
    await settled()
    await bridge.until_heard(2)
    assert list(bridge.desk.book.safeguards.attendances[SESSION].heard_us) == [elsewhere.process]
    elsewhere.leave("two")
    await settled()


async def test_gone_and_back_in_one_turn_is_not_gone(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    await guard(here)
    await settled()
    here.leave("one")
    here.join(SESSION, "two")
    await settled()
    assert bridge.gone == []
    assert list(bridge.desk.book.safeguards.attendances[SESSION].heard_us) == [here.process]


async def test_who_comes_while_another_goes_is_named_at_once(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    await guard(here)
    await settled()
    here.leave("one")
    here.join(OTHER, "two")
    await settled()
    assert bridge.gone == [SESSION] and bridge.heard[-1].present == [OTHER]


async def test_a_socket_stands_for_every_session_it_was_in(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    await guard(here)
    here.join(OTHER, "one")
    await guard(here, in_session(OTHER))
    await settled()
    await bridge.until_heard(2)
    assert set(bridge.heard[-1].present) == {SESSION, OTHER}
    here.leave("one")
    await settled()
    assert set(bridge.gone) == {SESSION, OTHER}


async def test_a_bridge_that_was_away_is_told_with_the_next_beat(bridge: Bridge, here: Attendance) -> None:
    bridge.away = True
    here.join(SESSION, "one")
    await settled()
    assert here.faults
    bridge.away = False
    await bridge.until_heard(1)
    assert bridge.heard[0].present == [SESSION]


async def test_after_an_unknown_outcome_the_bridge_says_what_is(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    await settled()
    bridge.away = True
    with pytest.raises(OutcomeUnknown):
        await guard(here)
    bridge.away = False
    await bridge.until_heard(1)
    await settled()
    assert not here._unsure and not here._guarded


async def test_an_answer_of_before_says_nothing_about_what_was_asked_since(bridge: Bridge, here: Attendance) -> None:
    late = bridge.held = asyncio.Event()
    here.join(SESSION, "one")
    await settled()
    await guard(here)
    await settled()
    late.set()
    await settled()
    await bridge.until_heard(3)
    assert bridge.heard[-1].present == [SESSION], "It is guarded, whatever was so when it came."


async def test_it_is_guarded_though_the_socket_that_asked_went_meanwhile(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    here.join(SESSION, "two")
    bridge.slow.clear()
    asking = asyncio.create_task(guard(here))
    await settled()
    asking.cancel()
    here.leave("one")
    bridge.slow.set()
    await settled()
    assert SESSION in bridge.desk.book.safeguards.guards
    await bridge.until_heard(2)
    assert bridge.heard[-1].present == [SESSION], "The other socket is still there."


async def test_switched_off_it_is_named_no_more(bridge: Bridge, here: Attendance) -> None:
    here.join(SESSION, "one")
    await guard(here)
    await guard(here, enabled=False)
    await settled()
    assert not bridge.desk.book.safeguards.guards
    here.join(OTHER, "two")
    await guard(here, in_session(OTHER))
    await settled()
    await bridge.until_heard(2)
    assert bridge.heard[-1].present == [OTHER]


async def test_more_sessions_than_a_message_takes_are_told_in_several(bridge: Bridge, here: Attendance) -> None:
    sessions = [uuid.UUID(int=5_000 + number) for number in range(2_500)]
    for session in sessions:
        here.join(session, session)
    await settled()
    assert [len(request.present) for request in bridge.heard] == [1_000, 1_000, 500]
    assert {session for request in bridge.heard for session in request.present} == set(sessions)
