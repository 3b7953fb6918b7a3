"""Is the answer about a session remembered, bounded, and forgotten in time?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import Any, NoReturn

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.db.models import Model
from django.utils import timezone

from accounts import live
from accounts.addresses import Places
from accounts.live import Live, LiveSessions
from accounts.models import Desk, Entitlement, Session
from accounts.policy import Role
from accounts.rights import rights_of, scopes_of
from accounts.selectors import sessions_used
from tests.roles import in_roles
from tradingmw.budgets import Tier
from tradingmw.env import env
from tradingmw.errors import Code, NotAuthenticated

pytestmark = pytest.mark.django_db


class Hand:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Later:
    """Keeps what it is given until it is told to work."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def __call__(self, work: Callable[[], None]) -> None:
        self.work.append(work)

    def do(self) -> None:
        while self.work:
            self.work.pop()()


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def beside() -> Later:
    return Later()


@pytest.fixture
def sessions(clock: Hand, beside: Later, session: Session) -> LiveSessions:
    """Which know the session since just now."""
    sessions = LiveSessions(clock, beside)
    sessions.get(session.id)
    return sessions


def test_who_goes_on_never_waits_for_the_database(
    sessions: LiveSessions, session: Session, clock: Hand, beside: Later, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        clock.now += live.RENEW_SECONDS
        with django_assert_num_queries(0):
            sessions.get(session.id)
            sessions.get(session.id)
        assert len(beside.work) == 1
        beside.do()


def test_what_was_not_read_anew_in_time_is_read_by_who_asks(
    sessions: LiveSessions, session: Session, clock: Hand, beside: Later, django_assert_num_queries: Any
) -> None:
    clock.now += live.RENEW_SECONDS
    sessions.get(session.id)
    clock.now += live.ANSWER_SECONDS - live.RENEW_SECONDS
    with django_assert_num_queries(2):
        sessions.get(session.id)


def test_rights_taken_away_elsewhere_are_gone_within_three_seconds(
    sessions: LiveSessions, session: Session, clock: Hand, beside: Later
) -> None:
    session.user.groups.clear()
    clock.now += live.RENEW_SECONDS
    assert sessions.get(session.id).user.roles == ["trader"]
    beside.do()
    assert sessions.get(session.id).user.roles == []


def test_an_end_that_is_found_beside_is_told_to_the_next(
    sessions: LiveSessions, session: Session, clock: Hand, beside: Later
) -> None:
    Session.objects.filter(id=session.id).update(ended_at=session.created_at)
    clock.now += live.RENEW_SECONDS
    sessions.get(session.id)
    beside.do()
    with pytest.raises(NotAuthenticated):
        sessions.get(session.id)


def test_what_is_read_beside_is_not_kept_past_an_end(
    sessions: LiveSessions, session: Session, clock: Hand, beside: Later
) -> None:
    clock.now += live.RENEW_SECONDS
    sessions.get(session.id)
    sessions.forget([session.id])
    Session.objects.filter(id=session.id).delete()
    beside.do()
    assert not sessions.remembered()


def test_a_look_that_fails_leaves_it_to_the_next(
    sessions: LiveSessions, session: Session, clock: Hand, beside: Later, caplog: pytest.LogCaptureFixture
) -> None:
    clock.now += live.RENEW_SECONDS
    sessions.get(session.id)
    with connection.execute_wrapper(away):
        beside.do()
    assert "could not be read anew" in caplog.text
    assert sessions.get(session.id).id == session.id
    assert len(beside.work) == 1


def away(*_: Any) -> NoReturn:
    raise OperationalError("The database is away.")


def test_his_tier_comes_with_him_and_is_the_standard_one_unless_set(session: Session) -> None:
    assert live.session_load(session.id).user.tier is Tier.STANDARD
    Entitlement.objects.create(user=session.user, tier=Tier.HIGH)
    assert live.session_load(session.id).user.tier is Tier.HIGH


def test_a_tier_that_there_is_not_is_refused(session: Session) -> None:
    with pytest.raises(ValidationError, match="highest"):
        Entitlement(user=session.user, tier="highest").full_clean()


def test_a_session_comes_as_django_itself_would_read_it(session: Session) -> None:
    Entitlement.objects.create(user=session.user, exchanges="XNAS", quantity_max=7)
    in_roles(session.user, Role.TRADER, Role.DESK_HEAD)
    session.user.desk = Desk.objects.create(name="alpha")
    session.user.save()
    read = live.session_load(session.id)
    plain = Session.objects.get(id=session.id)
    assert fields_of(read) == fields_of(plain)
    for name in ("user", "user.account", "user.desk", "user.entitlement"):
        assert fields_of(attrgetter(name)(read)) == fields_of(attrgetter(name)(plain)), name
    assert read.user.roles == plain.user.roles == ["desk_head", "trader"]
    assert rights_of(read.user, scopes_of(read)) == rights_of(plain.user, scopes_of(plain))


def fields_of(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_second_look_asks_no_database(session: Session, django_assert_num_queries: Any) -> None:
    sessions = LiveSessions()
    with django_assert_num_queries(2):  # the session with its user and his roles, and from where he may come
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
    sessions, told = LiveSessions(), list[object]()
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
