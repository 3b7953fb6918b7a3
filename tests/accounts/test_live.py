"""Is the answer about a session remembered, bounded, and forgotten in time?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import live
from accounts.addresses import Places
from accounts.live import Live, LiveSessions
from accounts.models import Session
from accounts.selectors import sessions_used
from tradingmw.env import env
from tradingmw.errors import Code, NotAuthenticated

pytestmark = pytest.mark.django_db


def test_a_second_look_asks_no_database(session: Session, django_assert_num_queries: Any) -> None:
    sessions = LiveSessions()
    with django_assert_num_queries(3):  # the session with its user, his groups, and from where he may come
        sessions.get(session.id)
    with django_assert_num_queries(0):
        user = sessions.get(session.id).user
        assert (user.roles, str(user.account), user.desk) == (["trader"], "trader", None)


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
    sessions.keep(Live(session, Places()), begun)
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


def test_a_session_that_nobody_used_has_ended(session: Session) -> None:
    Session.objects.update(last_active=timezone.now() - timedelta(seconds=env().session_idle_seconds))
    with pytest.raises(NotAuthenticated) as caught:
        live.session_load(session.id)
    assert caught.value.code is Code.SESSION_ENDED
    assert not sessions_used([session.id])


def test_an_open_socket_is_use(session: Session) -> None:
    before = session.last_active - 2 * live.LAST_ACTIVE_EVERY
    Session.objects.update(last_active=before)
    assert sessions_used([session.id]) == {session.id}
    assert Session.objects.get().last_active > before
