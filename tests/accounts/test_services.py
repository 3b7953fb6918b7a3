"""Do sessions begin, rotate and end so that exactly one caller wins?"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.logins import user_login
from accounts.models import AuditLog, Session, SocketTicket, User
from accounts.services import (
    REUSE_GRACE,
    TokenPair,
    session_begin,
    session_end,
    session_refresh,
    sessions_end_all,
    ticket_issue,
    ticket_redeem,
)
from notifications.models import Notification
from tests.accounts.conftest import HERE, PASSWORD
from tradingmw.correlation import serving
from tradingmw.env import env
from tradingmw.errors import Code, NotAuthenticated

pytestmark = pytest.mark.django_db


def refused(call: Callable[[], Any]) -> Code:
    with pytest.raises(NotAuthenticated) as caught:
        call()
    return caught.value.code


def refresh(pair: TokenPair) -> TokenPair:
    return session_refresh(refresh_token=pair.refresh_token, client=HERE)


def grow_old(session: Session) -> None:
    """As if the last rotation were longer ago than the grace."""
    Session.objects.filter(id=session.id).update(rotated_at=timezone.now() - REUSE_GRACE - timedelta(seconds=1))


def at_once(call: Callable[[], Any], threads: int = 4) -> list[Any]:
    """The result or the NotAuthenticated of each thread."""

    def one(_number: int) -> Any:
        try:
            return call()
        except NotAuthenticated as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def test_a_login_makes_a_session_and_an_audit_row(trader: User) -> None:
    pair = user_login(username="TRADER", password=PASSWORD, client=HERE)
    assert pair.session.user == trader
    row = AuditLog.objects.get(action="auth.login")
    assert (row.user_id, row.resource_id, row.ip_address) == (trader.id, str(pair.session.id), HERE.ip_address)


@pytest.mark.parametrize(("username", "password"), [("trader", "wrong"), ("nobody", PASSWORD)])
def test_a_failed_login_is_refused_alike_and_kept(trader: User, username: str, password: str) -> None:
    assert refused(lambda: user_login(username=username, password=password, client=HERE)) is Code.INVALID_CREDENTIALS
    (kept,) = AuditLog.objects.get(action="auth.login_failed").details
    assert kept == ("username" if username == "trader" else "unknownUsername")


def test_an_inactive_user_cannot_log_in(trader: User) -> None:
    User.objects.update(is_active=False)
    assert refused(lambda: user_login(username="trader", password=PASSWORD, client=HERE)) is Code.INVALID_CREDENTIALS


def test_a_refresh_goes_on_with_the_same_session(login: TokenPair) -> None:
    after = refresh(login)
    assert after.session == login.session
    assert after.refresh_token != login.refresh_token


def test_two_tabs_that_refresh_at_once_get_one_successor(login: TokenPair) -> None:
    assert refresh(login).refresh_token == refresh(login).refresh_token


def test_a_token_used_again_later_ends_its_session(login: TokenPair) -> None:
    after = refresh(login)
    grow_old(login.session)
    assert refused(lambda: refresh(login)) is Code.INVALID_TOKEN
    assert Session.objects.get().end_reason == "refresh_reuse"
    assert AuditLog.objects.filter(action="auth.refresh_reuse").count() == 1
    assert refused(lambda: refresh(after)) is Code.INVALID_TOKEN


def test_a_token_of_any_earlier_generation_ends_its_session(login: TokenPair) -> None:
    refresh(refresh(refresh(login)))
    assert refused(lambda: refresh(login)) is Code.INVALID_TOKEN
    assert Session.objects.get().end_reason == "refresh_reuse"


def test_an_invented_token_ends_nothing(login: TokenPair) -> None:
    assert refused(lambda: session_refresh(refresh_token="invented", client=HERE)) is Code.INVALID_TOKEN
    assert Session.objects.get().ended_at is None


def test_an_expired_session_is_not_refreshed(login: TokenPair) -> None:
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(lambda: refresh(login)) is Code.INVALID_TOKEN


def test_the_refresh_of_a_deactivated_user_is_refused(login: TokenPair) -> None:
    User.objects.update(is_active=False)
    assert refused(lambda: refresh(login)) is Code.SESSION_ENDED


def test_a_session_ends_once(session: Session) -> None:
    session_end(session=session, client=HERE)
    session_end(session=session, client=HERE)
    assert AuditLog.objects.filter(action="auth.logout").count() == 1


def test_all_sessions_of_a_user_end_and_of_nobody_else(login: TokenPair, make_user: Callable[[str], User]) -> None:
    user_login(username=make_user("other").username, password=PASSWORD, client=HERE)
    assert sessions_end_all(user=login.session.user, client=HERE, reason="test") == 1
    assert Session.objects.filter(ended_at=None).get().user.username == "other"


def test_no_secret_is_kept(login: TokenPair) -> None:
    ticket = ticket_issue(session=login.session)
    kept = [*Session.objects.values_list("refresh_hash", flat=True), SocketTicket.objects.get().ticket_hash]
    assert not {login.refresh_token, login.access_token, ticket.text} & set(kept)


def test_a_ticket_opens_its_session_once(session: Session) -> None:
    ticket = ticket_issue(session=session)
    assert ticket_redeem(ticket.text) == session
    assert refused(lambda: ticket_redeem(ticket.text)) is Code.INVALID_TOKEN


def test_an_expired_ticket_is_refused(session: Session) -> None:
    ticket = ticket_issue(session=session)
    SocketTicket.objects.update(expires_at=timezone.now())
    assert refused(lambda: ticket_redeem(ticket.text)) is Code.INVALID_TOKEN


def test_a_ticket_of_an_ended_session_is_refused(session: Session) -> None:
    ticket = ticket_issue(session=session)
    session_end(session=session, client=HERE)
    assert refused(lambda: ticket_redeem(ticket.text)) is Code.SESSION_ENDED


@pytest.mark.django_db(transaction=True)
def test_four_threads_with_one_refresh_token_get_one_successor(login: TokenPair) -> None:
    pairs = at_once(lambda: refresh(login))
    assert len({pair.refresh_token for pair in pairs}) == 1
    assert Session.objects.get().ended_at is None


@pytest.mark.django_db(transaction=True)
def test_of_four_threads_with_one_ticket_one_gets_in(session: Session) -> None:
    ticket = ticket_issue(session=session)
    answers = at_once(lambda: ticket_redeem(ticket.text))
    assert sum(isinstance(answer, Session) for answer in answers) == 1


def test_one_session_too_many_ends_the_longest_idle(trader: User) -> None:
    first, *others = [session_begin(user=trader, client=HERE).session for _ in range(env().sessions_per_user)]
    Session.objects.filter(id=first.id).update(last_active=timezone.now() - timedelta(minutes=5))
    newest = session_begin(user=trader, client=HERE).session
    alive = set(Session.objects.filter(ended_at=None).values_list("id", flat=True))
    assert alive == {newest.id, *(each.id for each in others)}
    assert Session.objects.get(id=first.id).end_reason == "too_many"


def test_an_idle_session_is_not_refreshed(login: TokenPair) -> None:
    Session.objects.update(last_active=timezone.now() - timedelta(seconds=env().session_idle_seconds))
    assert refused(lambda: refresh(login)) is Code.INVALID_TOKEN


def test_a_ticket_opens_nothing_at_another_address(session: Session) -> None:
    ticket = ticket_issue(session=session, address="192.0.2.7")
    assert refused(lambda: ticket_redeem(ticket.text, "192.0.2.8")) is Code.INVALID_TOKEN
    assert ticket_redeem(ticket.text, "192.0.2.7") == session


def test_the_user_hears_of_a_token_in_two_hands(login: TokenPair) -> None:
    refresh(refresh(refresh(login)))
    refused(lambda: refresh(login))
    assert Notification.objects.get().metadata["notice"] == "refresh_reuse"


def test_every_row_names_who_from_where_in_which_session_and_request(login: TokenPair) -> None:
    with serving("desk-7.42"):
        session_end(session=login.session, client=HERE)
    row = AuditLog.objects.get(action="auth.logout")
    assert (row.user_id, row.session_id, row.request_id) == (login.session.user_id, login.session.id, "desk-7.42")
    assert row.ip_address == HERE.ip_address
