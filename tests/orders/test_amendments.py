"""Who may bust or correct an execution by hand, and what is he told?"""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from accounts.models import Role, User
from orders.amendments import execution_amend
from tests.orders.holdings import execution_of, order_of, trader
from tradingmw.errors import Forbidden, InvalidRequest, NotFound, Unavailable

pytestmark = pytest.mark.django_db


def give(user: User, role: Role) -> None:
    """The group may be gone: a test of transactions before this one emptied the tables."""
    group, _ = Group.objects.get_or_create(name=role.value)
    user.groups.add(group)


@pytest.fixture
def operator() -> User:
    user = User.objects.create(username="ops1", email="ops1@desk.example")
    give(user, Role.OPERATIONS)
    return user


def test_traders_and_strangers_may_not() -> None:
    ann = trader("ann")
    give(ann, Role.TRADER)
    exec_id = execution_of(order_of(ann, "a-1")).exec_id
    for name in ("ann", "nobody"):
        with pytest.raises(Forbidden):
            execution_amend(exec_id=exec_id, by=name, note="n")


def test_an_operator_who_has_left_may_not(operator: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(Forbidden):
        execution_amend(exec_id="x", by="ops1", note="n")


def test_an_execution_that_is_not_there_is_named(operator: User) -> None:
    with pytest.raises(NotFound):
        execution_amend(exec_id="x", by="OPS1", note="n")


@pytest.mark.parametrize("note", ["two\nlines", "n" * 201])
def test_a_note_that_no_history_holds_is_refused(operator: User, note: str) -> None:
    execution = execution_of(order_of(trader("ann"), "a-1"))
    with pytest.raises(InvalidRequest, match="one line"):
        execution_amend(exec_id=execution.exec_id, by="ops1", note=note)


def test_without_an_order_bridge_nothing_is_done(operator: User) -> None:
    execution = execution_of(order_of(trader("ann"), "a-1"))
    with pytest.raises(Unavailable):
        execution_amend(exec_id=execution.exec_id, by="ops1", note="n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bust", "x", "--by", "nobody", "--note", "n"], "nobody is no operator."),
        (["correct", "x", "--by", "ops1", "--note", "n", "--quantity", "0", "--price", "1"], "more than 0"),
        (["correct", "x", "--by", "ops1", "--note", "n", "--quantity", "many", "--price", "1"], "decimal number"),
    ],
)
def test_the_command_says_why_it_cannot(operator: User, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("orders", *words, stdout=StringIO())
