"""Do a user's access tokens end where his roles or his password change, and do his sessions go on?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group

from accounts.models import Role, User
from accounts.services import TokenPair, session_refresh
from accounts.tokens import access_token_check
from tests.accounts.conftest import HERE, nothing_is_remembered
from tradingmw.errors import Code, NotAuthenticated

pytestmark = pytest.mark.django_db


def refused(token: str) -> bool:
    """By a process that remembers nothing, as every one does after some seconds."""
    nothing_is_remembered()
    try:
        access_token_check(token)
    except NotAuthenticated as error:
        return error.code is Code.INVALID_TOKEN
    return False


CHANGES: dict[str, Callable[[User, Group], object]] = {
    "given": lambda user, group: user.groups.add(group),
    "taken away": lambda user, _group: user.groups.remove(Group.objects.get(name=Role.TRADER)),
    "all taken away": lambda user, _group: user.groups.clear(),
    "given from the other side": lambda user, group: group.user_set.add(user),
    "all of the group taken away": lambda user, _group: Group.objects.get(name=Role.TRADER).user_set.clear(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_role_ends_the_access_tokens_and_not_the_session(login: TokenPair, change: str) -> None:
    CHANGES[change](login.session.user, Group.objects.get(name=Role.COMPLIANCE))
    assert refused(login.access_token)
    after = session_refresh(refresh_token=login.refresh_token, client=HERE)
    assert not refused(after.access_token)


def test_a_role_that_he_has_already_changes_nothing(login: TokenPair) -> None:
    login.session.user.groups.add(Group.objects.get(name=Role.TRADER))
    assert not refused(login.access_token)


def test_others_keep_their_tokens(login: TokenPair, make_user: Callable[[str], User]) -> None:
    make_user("other").groups.clear()
    assert not refused(login.access_token)


def test_a_new_token_is_taken_where_the_user_is_remembered_as_he_was(login: TokenPair) -> None:
    access_token_check(login.access_token)
    login.session.user.groups.clear()
    after = session_refresh(refresh_token=login.refresh_token, client=HERE)
    assert access_token_check(after.access_token) == login.session
