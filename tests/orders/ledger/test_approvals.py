"""Who hears of orders that wait for a second person? All who may decide on them, and nobody of his own."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from accounts.models import Account, Desk, User
from accounts.policy import Role
from notifications.models import Notification, StreamEvent
from notifications.stream import user_stream
from orders.core.state import Held
from orders.ledger import Ledger
from orders.models import Order
from orders.requests import Caller
from tests.orders.core.desk import Desk as Words
from tests.orders.ledger.conftest import settle
from tests.roles import in_roles


def person(name: str, role: Role, desk: Any = None, **fields: Any) -> User:
    account = Account.objects.create(name=name, desk_id=desk)
    plain = {"username": name, "email": f"{name}@desk.example", "desk_id": desk, "account": account}
    return in_roles(User.objects.create(**{**plain, **fields}), role)


def told() -> dict[str, list[int]]:
    """How many orders each notification tells of, by user."""
    found: dict[str, list[int]] = {}
    for row in Notification.objects.filter(type="approval").select_related("user").order_by("user__username"):
        found.setdefault(row.user.username, []).append(row.metadata["count"])
    return found


def test_all_who_may_decide_are_told_once_a_batch(ledger: Ledger, trader: Caller, words: Words) -> None:
    other_desk = Desk.objects.create(name="beta").id
    head = person("head", Role.DESK_HEAD, trader.desk)
    person("stranger", Role.DESK_HEAD, other_desk)
    person("mate", Role.TRADER, trader.desk)
    person("carl", Role.COMPLIANCE)
    person("gone", Role.COMPLIANCE, is_active=False)
    marked = replace(trader, needs_approval=True)
    places = [words.place_input(f"w-{number}", caller=marked) for number in range(2)]
    settled = settle(ledger, *places)
    assert {order.held for order in Order.objects.all()} == {Held.APPROVAL.value}
    assert told() == {"carl": [2], "head": [2]}
    row = Notification.objects.get(user=head)
    assert (row.title, row.message) == ("2 orders wait for your decision", "buy AAPL of ann, and 1 more")
    event = StreamEvent.objects.get(stream=user_stream(head.id))
    assert (event.kind, settled.numbers[user_stream(head.id)]) == ("notification_created", event.number)


def test_nobody_is_told_of_his_own_order(ledger: Ledger, trader: Caller, words: Words) -> None:
    in_roles(User.objects.get(id=trader.user), Role.DESK_HEAD)
    settle(ledger, words.place_input(caller=replace(trader, needs_approval=True)))
    assert told() == {}


def test_nobody_is_told_of_an_order_that_is_sent(ledger: Ledger, trader: Caller, words: Words) -> None:
    person("head", Role.DESK_HEAD, trader.desk)
    settle(ledger, words.place_input(caller=trader))
    assert told() == {}
