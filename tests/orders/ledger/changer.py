# ruff: noqa: E402, T201 (a process of its own: it sets Django up before it imports models, and answers on its output)
"""A process that reads an order, counts one more and writes it: `python -m tests.orders.ledger.changer DATABASE TIMES`.

It says `ready` and waits for a line, so that several begin together. The last line tells how many changes were
committed, and what the database said to the others.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from decimal import Decimal

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
database, times = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
django.setup()

from django.db import Error, transaction
from django.utils import timezone

from notifications.stream import NewEvent, append, user_stream
from orders.models import Order


def change() -> None:
    """As code does that knows of no other writer; the private stream grows with it."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get()
        order.filled_quantity += Decimal(1)
        order.version += 1
        order.save(update_fields=["filled_quantity", "version"])
        event = NewEvent(user_stream(order.user_id), "orders", "order_changed", json.dumps({"version": order.version}))
        append([event], at=timezone.now())


def run() -> Counter[str]:
    told: Counter[str] = Counter(committed=0)
    for _ in range(int(times)):
        try:
            change()
        except Error as error:
            told[str(error)] += 1
        else:
            told["committed"] += 1
    return told


print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(run()))
