"""What must be read from the database before a batch can be decided?

The book holds every open order. A batch may speak of others: ids that ended long ago, client order ids that may have
been used, executions that may have been applied, positions not touched since the start.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet
from msgspec.structs import replace

from accounts.models import User
from bridge.wire.messages import ExecutionReport
from bridge.wire.vocabulary import ExecType
from orders.core.book import Book
from orders.core.groups import closing
from orders.core.inputs import (
    Amend,
    Basket,
    Cancel,
    Close,
    Decide,
    Halt,
    Input,
    Listed,
    Place,
    PlaceGroup,
    Reload,
    Replace,
    Reported,
)
from orders.ledger.columns import client_order_key, exec_key
from orders.ledger.statements import Pick
from orders.ledger.states import booked_changes
from orders.limits.loading import limits_loaded, revision
from orders.models import Execution, Order, Position
from orders.requests import Caller, ClosePositions
from orders.rows import execution_state, order_state, position_state
from tradingmw.cursors import driver_cursor

KEYS_PER_QUERY = 400
AMENDMENTS = (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)
#: Nearly always there is nothing to be found: so much is asked cheaply, and the rows are read where there are some.
pick_orders = Pick(Order, ["id"], "client_order_key", fixed=["account_id"])
pick_executions = Pick(Execution, ["exec_key"], "exec_key")
T = TypeVar("T")
Holding = tuple[UUID, str]  #: account, symbol


def look_up(book: Book, batch: Sequence[Input]) -> None:
    """Teach `book` what the database knows of the batch's orders, executions and positions."""
    if any(isinstance(each, Reload) for each in batch):
        look_up_limits(book)
    look_up_orders(book, order_ids(book, batch))
    book.booked = booked_changes({each.wanted.id for each in batch if isinstance(each, Halt)})
    look_up_client_ids(book, client_ids(book, batch))
    reports = [each.report for each in batch if isinstance(each, Reported)]
    amends = [each for each in batch if isinstance(each, Amend)]
    if reports or amends:
        look_up_reported(book, reports, amends)


def look_up_reported(book: Book, reports: Sequence[ExecutionReport], amends: Sequence[Amend]) -> None:
    """What the engine's words, and those that stand in for them, are applied to."""
    look_up_owners(book, [report for report in reports if report.order_id not in book.orders])
    amendments = [report for report in reports if report.exec_type in AMENDMENTS]
    trades = [report for report in reports if report.exec_type is ExecType.TRADE]
    look_up_executions(book, {report.exec_id for report in [*trades, *amendments]})
    amended = holdings(book, amendments) | holdings_by_hand(book, amends)
    look_up_positions(book, holdings(book, trades) | amended)
    look_up_trades(book, amended)


def look_up_limits(book: Book) -> None:
    """Those that hold from now on. A revision that grows meanwhile is looked at again: it is read first."""
    book.limits_revision = revision()
    book.limits = limits_loaded(time.time_ns() // 1000)


def look_at_limits(book: Book) -> None:
    """Look them up where an approval was not heard of."""
    if revision() != book.limits_revision:
        look_up_limits(book)


def order_ids(book: Book, batch: Sequence[Input]) -> set[UUID]:
    asked = {each.request.order_id for each in batch if isinstance(each, Cancel | Replace | Amend | Decide)}
    told = {each.report.order_id for each in batch if isinstance(each, Reported)}
    told |= {held.order_id for each in batch if isinstance(each, Listed) for held in each.page.orders}
    return {order_id for order_id in asked | told if order_id not in book.orders}


def holdings(book: Book, reports: Iterable[ExecutionReport]) -> set[Holding]:
    """What these reports change, also where only this batch will take the order in."""
    found: set[Holding] = set()
    for report in reports:
        if order := book.orders.get(report.order_id):
            found.add((order.account, order.symbol))
        elif owner := book.owners.get(report.account):
            found.add((owner.account, report.symbol))
    return found


def holdings_by_hand(book: Book, amends: Iterable[Amend]) -> set[Holding]:
    found = [book.orders.get(each.request.order_id) for each in amends]
    return {(order.account, order.symbol) for order in found if order is not None}


def look_up_orders(book: Book, missing: set[UUID]) -> None:
    for some in slices(missing):
        for row in orders().filter(id__in=some):
            book.learn(order_state(row))
    look_up_groups(book, missing)


def look_up_groups(book: Book, found: Iterable[UUID]) -> None:
    """All orders of the groups of these: what each may do hangs on what the others have traded."""
    groups = {order.group for each in found if (order := book.orders.get(each)) is not None and order.group}
    for some in slices(groups):
        for row in orders().filter(group_id__in=some):
            if row.id not in book.orders:
                book.learn(order_state(row))


def client_ids(book: Book, batch: Sequence[Input]) -> set[Holding]:
    """Accounts and client order ids of all that is to be placed."""
    asked = [each for each in batch if isinstance(each, Place)]
    asked += [place for each in batch if isinstance(each, PlaceGroup | Basket) for place in each.places]
    found = {(each.request.caller.account, each.request.client_order_id) for each in asked}
    return found.union(*(closing_ids(book, each.request) for each in batch if isinstance(each, Close)))


def closing_ids(book: Book, request: ClosePositions) -> set[Holding]:
    """Of orders that close positions, where this was asked before."""
    account = request.caller.account
    symbols = request.symbols or [symbol for holder, symbol in book.positions if holder == account]
    return {(account, closing.client_order_id(request.close_id, symbol)) for symbol in symbols}


def look_up_client_ids(book: Book, keys: set[Holding]) -> None:
    missing = [key for key in keys if key not in book.client_ids]  # a difference of sets would walk through the book
    by_account: dict[UUID, set[str]] = {}
    for account, client_order_id in missing:
        by_account.setdefault(account, set()).add(client_order_key(client_order_id))
    for account, wanted in by_account.items():
        for some in slices(wanted):
            look_up_orders(book, used(some, account))


def look_up_executions(book: Book, exec_ids: set[str]) -> None:
    for some in slices({exec_key(exec_id) for exec_id in exec_ids}):
        with driver_cursor() as cursor:
            known = [key for (key,) in pick_executions.run(cursor, some)]
        if known:
            for row in Execution.objects.select_related("account", "order").filter(exec_key__in=known):
                book.executions[row.exec_id] = execution_state(row)


def look_up_trades(book: Book, amended: set[Holding]) -> None:
    """All that the account ever traded in the symbol: the position is worked out from it again."""
    for account, symbol in amended:
        rows = Execution.objects.select_related("account", "order").filter(account_id=account, symbol=symbol)
        for row in rows.iterator(chunk_size=2_000):
            book.executions[row.exec_id] = execution_state(row)


def look_up_owners(book: Book, unknown: Sequence[ExecutionReport]) -> None:
    """Whose are the orders that these reports speak of, and are their client order ids taken?"""
    names = {report.account for report in unknown}
    for some in slices(names):
        users = User.objects.select_related("account", "account__desk").filter(account__name__in=some)
        for user in users.order_by("-date_joined", "-id"):  # the first user of an account comes last, and stays
            book.owners.update(owned_by(user))
    for report in unknown:
        if owner := book.owners.get(report.account):
            look_up_client_id(book, owner.account, report.client_order_id)


def owned_by(user: User) -> dict[str, Caller]:
    account = user.account
    if account is None:
        return {}
    owner = Caller(user=user.id, account=account.id, account_name=account.name)
    desk = account.desk
    return {account.name: replace(owner, desk=desk.id, desk_name=desk.name) if desk else owner}


def look_up_client_id(book: Book, account: UUID, client_order_id: str) -> None:
    if (account, client_order_id) not in book.client_ids:
        look_up_orders(book, used([client_order_key(client_order_id)], account))


def used(keys: Sequence[str], account: UUID) -> set[UUID]:
    """The orders that have these client order ids."""
    with driver_cursor() as cursor:
        return {UUID(order_id) for (order_id,) in pick_orders.run(cursor, keys, account)}


def look_up_positions(book: Book, traded: set[Holding]) -> None:
    for account, symbol in [holding for holding in traded if holding not in book.positions]:
        row = Position.objects.select_related("account").filter(account_id=account, symbol=symbol).first()
        if row is not None:
            book.positions[account, symbol] = position_state(row)


def orders() -> QuerySet[Order]:
    return Order.objects.select_related("account", "desk")


def slices(keys: Iterable[T]) -> Iterator[list[T]]:
    """At most `KEYS_PER_QUERY` at a time: SQL Server takes 2,100 parameters."""
    remaining = iter(keys)
    while some := list(islice(remaining, KEYS_PER_QUERY)):
        yield some
