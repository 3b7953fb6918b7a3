"""Is the answer about a session remembered, bounded, and forgotten in time?"""

from __future__ import annotations

from typing import Any

import pytest

from accounts import live
from accounts.live import LiveSessions
from accounts.models import Session
from tradingmw.errors import NotAuthenticated

pytestmark = pytest.mark.django_db


def test_a_second_look_asks_no_database(session: Session, django_assert_num_queries: Any) -> None:
    sessions = LiveSessions()
    with django_assert_num_queries(2):  # the session with its user, and his groups
        sessions.get(session.id)
    with django_assert_num_queries(0):
        user = sessions.get(session.id).user
        assert (user.roles, str(user.account), user.desk) == ([], "trader", None)


def test_a_forgotten_session_is_looked_up_again(session: Session) -> None:
    sessions = LiveSessions()
    sessions.get(session.id)
    Session.objects.filter(id=session.id).update(ended_at=session.created_at)
    sessions.forget([session.id])
    with pytest.raises(NotAuthenticated):
        sessions.get(session.id)


def test_an_answer_read_before_the_end_is_not_kept_after_it(session: Session) -> None:
    sessions = LiveSessions()
    begun = sessions.begin()
    sessions.forget([session.id])
    sessions.keep(session, begun)
    assert not sessions.remembered()


def test_those_who_listen_are_told_which_sessions_ended(session: Session) -> None:
    sessions, told = LiveSessions(), []
    sessions.on_end.append(told.append)
    sessions.forget([session.id])
    assert told == [[session.id]]


def test_activity_is_noted_at_most_once_a_minute(session: Session) -> None:
    noted = session.last_active
    live.session_load(session.id)
    assert Session.objects.get().last_active == noted
    Session.objects.update(last_active=noted - live.LAST_ACTIVE_EVERY)
    live.session_load(session.id)
    assert Session.objects.get().last_active > noted
