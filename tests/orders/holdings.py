"""How do the tests of the reading side make users with orders, executions and positions?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.models import Account, User
from accounts.policy import Role
from notifications.stream import NewEvent, append, user_stream
from orders.models import Execution, Order, OrderHistory, Position
from orders.selectors import order_as_shape
from tests.roles import in_roles

START = datetime(2026, 11, 22, 10, 0, 0, 5, tzinfo=UTC)


def trader(name: str) -> User:
    account = Account.objects.create(name=name)
    user = User.objects.create(username=name, email=f"{name}@desk.example", account=account)
    return in_roles(user, Role.TRADER)


def order_of(user: User, client_order_id: str, *, minute: int = 0, **fields: Any) -> Order:
    """A limit order to buy 100 AAPL at 150.25, entered `minute` minutes after START."""
    at = START + timedelta(minutes=minute)
    plain = {
        "symbol": "AAPL",
        "exchange": "XNAS",
        "side": "buy",
        "order_type": "limit",
        "time_in_force": "day",
        "quantity": Decimal(100),
        "price": Decimal("150.25"),
        "status": "new",
        "created_at": at,
        "updated_at": at,
        "client_order_key": client_order_id.encode().hex(),
    }
    return Order.objects.create(user=user, account=user.account, client_order_id=client_order_id, **{**plain, **fields})


def history_of(order: Order, *kinds: str) -> None:
    for number, kind in enumerate(kinds, 1):
        at = order.created_at + timedelta(seconds=number)
        OrderHistory.objects.create(order=order, number=number, kind=kind, status="new", timestamp=at)


def execution_of(order: Order, *, minute: int = 0) -> Execution:
    """A fill of 40 at 150.2."""
    exec_id = uuid4().hex
    return Execution.objects.create(
        exec_id=exec_id,
        exec_key=sha256(exec_id.encode()).hexdigest(),
        order=order,
        user=order.user,
        account=order.account,
        symbol=order.symbol,
        exchange=order.exchange,
        side=order.side,
        quantity=Decimal(40),
        price=Decimal("150.2"),
        engine_epoch=1,
        engine_seq=1,
        executed_at=START + timedelta(minutes=minute),
    )


def position_of(user: User, symbol: str) -> Position:
    """40 held at 150.2, marked at 151."""
    return Position.objects.create(
        user=user,
        account=user.account,
        symbol=symbol,
        exchange="XNAS",
        quantity=Decimal(40),
        cost_e16=6008 * 10**16,
        current_price=Decimal(151),
        average_price=Decimal("150.2"),
        unrealized_pnl=Decimal(32),
        updated_at=START,
    )


def change(order: Order, status: str, kind: str) -> int:
    """What the order core does: the row and its event in one transaction. Returns the event's number."""
    with transaction.atomic():
        order.status = status
        order.save()
        data = json.dumps(order_as_shape(order))
        return append([NewEvent(user_stream(order.user_id), "orders", kind, data)], at=order.updated_at)[0]
