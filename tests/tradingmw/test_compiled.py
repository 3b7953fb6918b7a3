"""Is a queryset that was compiled once read as Django reads it, each time anew and in every thread?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F

from accounts.models import Account, Desk, User
from tradingmw.compiled import Compiled

pytestmark = pytest.mark.django_db

users: Compiled[User] = Compiled(
    lambda user_id: User.objects.select_related("account", "desk").filter(id=user_id).annotate(role=F("groups__name"))
)


@pytest.fixture
def ann() -> User:
    account = Account.objects.create(name="ann")
    return User.objects.create(username="ann", email="ann@desk.example", account=account, mfa_settings={"a": [1]})


def read(user_id: UUID) -> User | None:
    rows = users.statement.rows(user_id)
    return users.statement.made_of(rows[0]) if rows else None


def test_columns_and_related_objects_come_as_django_has_them(ann: User) -> None:
    found = read(ann.id)
    assert found is not None and found == ann
    assert (found.created_at, found.mfa_settings, found.is_active) == (ann.created_at, {"a": [1]}, True)
    assert (found.account, found.desk) == (ann.account, None)


def test_each_reading_sees_what_is_there_now(ann: User) -> None:
    read(ann.id)
    User.objects.filter(id=ann.id).update(desk=Desk.objects.create(name="alpha"))
    found = read(ann.id)
    assert found is not None and str(found.desk) == "alpha"


def test_an_id_that_nobody_has_finds_nothing() -> None:
    assert read(uuid4()) is None


def test_annotations_come_for_every_row(ann: User) -> None:
    ann.groups.create(name="one")
    ann.groups.create(name="two")
    statement = users.statement
    assert sorted(statement.annotated("role", statement.rows(ann.id))) == ["one", "two"]


def test_every_thread_has_a_statement_of_its_own(ann: User) -> None:
    with ThreadPoolExecutor(1) as thread:
        other = thread.submit(lambda: (users.statement, users.statement)).result()
    assert other[0] is other[1] is not users.statement
    assert other[0].sql == users.statement.sql
    assert connection.connection is not None
