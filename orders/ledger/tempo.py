"""How many orders did earlier lives of the order bridge accept today, and which within the last seconds?

What the gate denied at once (the first event of its order) was never accepted, and does not count. Of today's cancels
those of orders of earlier days are not known again: no index leads to them.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone

from accounts.models import Account
from orders.core.book import Book
from orders.core.gate.exposure import Key, keys_of
from orders.core.gate.tempo import DAY_US, DUPLICATE_US
from orders.instants import instant, micros
from orders.ledger.looking_up import orders, slices
from orders.lifecycle import OrderStatus
from orders.models import Order
from orders.rows import order_state

LATELY: Final = timedelta(microseconds=DUPLICATE_US)


def load_tempo(book: Book) -> None:
    """Account by account, as their orders are indexed."""
    now = timezone.now()
    day, of_day, canceled, lately = micros(now) // DAY_US, Counter[Key](), Counter[Key](), []
    for accounts in slices(Account.objects.values_list("id", flat=True)):
        since = accepted(accounts).filter(created_at__gte=instant(day * DAY_US))
        add_up(of_day, since)
        add_up(canceled, since.filter(cancel_wanted=True, reason=""))
        recent = orders().filter(id__in=accepted(accounts).filter(created_at__gte=now - LATELY).values("id"))
        lately += [order_state(row) for row in recent]
    book.gate.tempo.begin_with(day, of_day, canceled, sorted(lately, key=lambda order: order.created_at_us))


def add_up(sums: Counter[Key], rows: QuerySet[Order]) -> None:
    for desk, account, symbol, count in counted(rows):
        for key in keys_of((desk, account, symbol)):
            sums[key] += count


def accepted(accounts: list[UUID]) -> QuerySet[Order]:
    """Those that were sent from here, or kept."""
    denied = {"status": OrderStatus.DENIED.value, "version": 1}
    return Order.objects.filter(account_id__in=accounts, external=False).exclude(**denied)


def counted(rows: QuerySet[Order]) -> list[tuple[UUID | None, UUID, str, int]]:
    whose = ("desk_id", "account_id", "symbol")
    return list(rows.order_by().values(*whose).annotate(count=Count("id")).values_list(*whose, "count"))
