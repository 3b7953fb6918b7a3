"""Are the sockets of a session counted, bounded and ended?"""

from __future__ import annotations

import asyncio
from uuid import uuid4

from accounts.live import live_sessions
from accounts.models import Session, User
from accounts.sockets.closing import CloseCode
from accounts.sockets.watch import SessionWatch


class Line:
    """A socket that remembers its end."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def end(self, _code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        self.ended.set()


def session_of(user: User) -> Session:
    return Session(id=uuid4(), user=user)


async def test_a_session_that_ends_here_ends_its_sockets_only() -> None:
    sessions = SessionWatch(10)
    user = User(id=uuid4())
    ending, going_on = session_of(user), session_of(user)
    first, second, other = Line(), Line(), Line()
    for line, session in ((first, ending), (second, ending), (other, going_on)):
        assert sessions.join(line, session)
    live_sessions.forget([ending.id])
    await asyncio.wait_for(asyncio.gather(first.ended.wait(), second.ended.wait()), 5)
    assert not other.ended.is_set()


async def test_a_user_has_so_many_sockets_and_another_is_not_touched() -> None:
    sessions, user = SessionWatch(2), User(id=uuid4())
    first, session = Line(), session_of(user)
    assert sessions.join(first, session)
    assert sessions.join(Line(), session_of(user))
    assert not sessions.join(Line(), session_of(user))
    assert sessions.join(Line(), session_of(User(id=uuid4())))
    sessions.leave(first, session)
    assert sessions.join(Line(), session_of(user))


async def test_a_watch_without_sockets_stops_looking() -> None:
    sessions = SessionWatch(10)
    line, session = Line(), session_of(User(id=uuid4()))
    sessions.join(line, session)
    sessions.leave(line, session)
    assert sessions.looking is not None
    await asyncio.wait_for(sessions.looking, 5)
    assert sessions.failed_looks == 0
