"""Do the sockets of a user share a look at the database, renewed in time, and never believed for too long?"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from accounts.models import Account, Entitlement, User
from accounts.policy import Role
from orders.callers import KEPT_SECONDS, RENEW_SECONDS, Callers, user_read
from tests.notifications.streams import until
from tests.roles import in_roles
from tradingmw.budgets import Tier

ANN = uuid4()


class Database:
    """Answers when it is told to. `looks`: how often it was asked."""

    def __init__(self) -> None:
        self.looks = self.answered = 0
        self.now = 100.0
        self.fails = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.callers = Callers(self.read, monotonic=lambda: self.now)

    async def read(self, user_id: UUID) -> User:
        self.looks += 1
        number = self.looks
        await self.answers.wait()
        self.answered += 1
        if self.fails:
            raise OperationalError("away")
        return User(id=user_id, username=f"ann, look {number}")

    async def shown(self) -> str:
        return (await self.callers.user(ANN)).username


async def test_many_sockets_share_one_look() -> None:
    database = Database()
    assert set(await asyncio.gather(*(database.shown() for _ in range(50)))) == {"ann, look 1"}
    assert database.looks == 1


async def test_a_look_is_renewed_while_orders_go_on_and_nobody_waits() -> None:
    database = Database()
    await database.shown()
    database.now += RENEW_SECONDS
    database.answers.clear()
    assert [await database.shown() for _ in range(3)] == ["ann, look 1"] * 3
    database.answers.set()
    await until(lambda: database.answered == 2)
    assert (await database.shown(), database.looks) == ("ann, look 2", 2)


async def test_what_is_too_old_is_not_believed_and_the_age_counts_from_the_begin_of_the_look() -> None:
    database = Database()
    database.answers.clear()
    waiting = asyncio.create_task(database.shown())
    await until(lambda: database.looks == 1)
    database.now += KEPT_SECONDS
    database.answers.set()
    assert await waiting == "ann, look 1"
    assert await database.shown() == "ann, look 2"


async def test_a_database_that_is_away_costs_nothing_until_what_is_known_is_too_old() -> None:
    database = Database()
    await database.shown()
    database.fails = True
    database.now += RENEW_SECONDS
    assert await database.shown() == "ann, look 1"
    database.now += KEPT_SECONDS - RENEW_SECONDS
    with pytest.raises(OperationalError):
        await database.shown()
    database.fails = False
    assert (await database.shown()).startswith("ann, look")


async def test_one_socket_that_leaves_does_not_break_off_the_look_of_the_others() -> None:
    database = Database()
    database.answers.clear()
    first, second = asyncio.create_task(database.shown()), asyncio.create_task(database.shown())
    await until(lambda: database.looks == 1)
    first.cancel()
    database.answers.set()
    assert await second == "ann, look 1"


@pytest.mark.django_db
def test_he_comes_by_one_statement_with_all_that_an_order_asks_of_him(django_assert_num_queries: Any) -> None:
    account = Account.objects.create(name="ann")
    ann = User.objects.create(username="ann", email="ann@desk.example", account=account)
    in_roles(ann, Role.TRADER, Role.DESK_HEAD)
    Entitlement.objects.create(user=ann, tier=Tier.LOW)
    with django_assert_num_queries(1):
        user = user_read(ann.id)
        assert (user, user.account, user.desk, user.tier) == (ann, account, None, Tier.LOW)
        assert user.roles == ["desk_head", "trader"]


@pytest.mark.django_db
def test_who_is_gone_is_not_there() -> None:
    with pytest.raises(User.DoesNotExist):
        user_read(uuid4())
