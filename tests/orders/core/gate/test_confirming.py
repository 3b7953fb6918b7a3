"""Does a warning leave nothing behind, and its token count for that order, that user, a minute, once?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.wire.messages import NewOrder
from orders.core.draft import Draft
from orders.core.gate.confirming import KEPT_US, MOST
from orders.core.limits import Breach, Rule
from orders.core.outcomes import DeniedReply, OrderReply
from orders.lifecycle import OrderStatus
from tests.orders.core.desk import ANN, BOB, E8, Desk
from tests.orders.core.gate.sheets import DESK, limit, live, refused

SOFT = limit(Rule.MAX_ORDER_QUANTITY, 10 * E8, DESK, Breach.CONFIRM)


@pytest.fixture
def desk() -> Desk:
    return live(SOFT)


def send(desk: Desk, token: str = "", client_order_id: str = "a-1", offered: str = "t-1", **fields: Any) -> Draft:
    asked = desk.place_input(client_order_id, confirmation_token=token, **fields)
    return desk.do(asked._replace(token=offered))


def warned(desk: Desk, **fields: Any) -> str:
    """The token of the warning."""
    draft = send(desk, **fields)
    code, rules = refused(draft)
    assert code == "CONFIRMATION_REQUIRED" and all(rule["breach"] == "confirm" for rule in rules)
    return str(draft.replies[-1].error.extra["confirmationToken"])  # type: ignore[union-attr]


def test_a_warning_names_what_is_broken_and_writes_no_order(desk: Desk) -> None:
    draft = send(desk)
    _, rules = refused(draft)
    assert [(rule["rule"], rule["value"], rule["hard"]) for rule in rules] == [("max_order_quantity", "100", False)]
    assert not draft.happenings and not desk.orders
    assert [audit.action for audit in draft.audits] == ["order.warned"]


def test_the_same_order_with_the_token_passes_and_says_what_was_confirmed(desk: Desk) -> None:
    draft = send(desk, warned(desk))
    assert isinstance(draft.replies[-1], OrderReply)
    assert draft.audits[-1].details["confirmed"][0]["rule"] == "max_order_quantity"
    assert desk.last(NewOrder).quantity_e8 == 100 * E8


def test_the_token_is_no_part_of_the_order(desk: Desk) -> None:
    token = warned(desk)
    send(desk, token)
    again = send(desk, "").replies[-1]
    assert isinstance(again, OrderReply) and not again.created


@pytest.mark.parametrize(
    "other",
    [
        {"quantity_e8": 101 * E8},
        {"price_e8": 151 * E8},
        {"client_order_id": "a-2"},
        {"caller": replace(ANN, user=BOB.user)},
        {"caller": replace(BOB, desk=ANN.desk)},
        {"token": "t-2"},
    ],
)
def test_it_counts_for_nothing_else_and_a_strangers_try_leaves_it(desk: Desk, other: dict[str, Any]) -> None:
    token = warned(desk)
    draft = send(desk, **{"token": token, **other})
    assert refused(draft)[0] == "CONFIRMATION_INVALID"
    assert [audit.action for audit in draft.audits] == ["order.confirmation_refused"]
    assert not desk.orders
    assert isinstance(send(desk, token).replies[-1], OrderReply)


def test_it_counts_once(desk: Desk) -> None:
    token = warned(desk)
    order = send(desk, token).replies[-1].order  # type: ignore[union-attr]
    desk.orders.clear()
    desk.book.orders.clear()
    desk.book.client_ids.clear()
    assert refused(send(desk, token))[0] == "CONFIRMATION_INVALID"
    assert order.status is OrderStatus.PENDING_NEW


def test_it_is_known_a_minute(desk: Desk) -> None:
    token = warned(desk)
    desk.now_us += KEPT_US
    assert refused(send(desk, token))[0] == "CONFIRMATION_INVALID"
    token = warned(desk)
    desk.now_us += KEPT_US - 1
    assert isinstance(send(desk, token).replies[-1], OrderReply)


def test_what_has_become_worse_is_warned_of_anew(desk: Desk) -> None:
    desk.book.limits = (limit(Rule.MAX_OPEN_ORDERS, 0, DESK, Breach.CONFIRM),)
    token = warned(desk)
    desk.book.limits, kept = (), desk.book.limits
    desk.place("other")
    desk.book.limits = kept
    draft = send(desk, token, offered="t-2")
    assert refused(draft)[0] == "CONFIRMATION_REQUIRED"
    assert refused(send(desk, token))[0] == "CONFIRMATION_INVALID"
    assert isinstance(send(desk, "t-2").replies[-1], OrderReply)


def test_another_soft_limit_was_not_confirmed(desk: Desk) -> None:
    token = warned(desk)
    desk.book.limits = (SOFT, limit(Rule.MAX_OPEN_ORDERS, 0, DESK, Breach.CONFIRM))
    assert refused(send(desk, token))[0] == "CONFIRMATION_REQUIRED"


def test_a_hard_limit_denies_what_was_confirmed(desk: Desk) -> None:
    token = warned(desk)
    desk.book.limits = (SOFT, limit(Rule.MAX_OPEN_ORDERS, 0, DESK))
    assert isinstance(send(desk, token).replies[-1], DeniedReply)


def test_the_same_batch_cannot_use_it_twice(desk: Desk) -> None:
    token = warned(desk)
    asked = [desk.place_input("a-1", confirmation_token=token), desk.place_input("a-2", confirmation_token=token)]
    replies = desk.do(*asked).replies
    assert isinstance(replies[0], OrderReply)
    assert replies[1].error.code == "CONFIRMATION_INVALID"  # type: ignore[union-attr]


def test_a_restart_forgets_it(desk: Desk) -> None:
    token = warned(desk)
    desk.restart()
    desk.go_live()
    desk.book.limits = (SOFT,)
    assert refused(send(desk, token))[0] == "CONFIRMATION_INVALID"


def test_tokens_do_not_pile_up(desk: Desk) -> None:
    kept = desk.book.gate.confirmations
    for number in range(100):
        warned(desk, client_order_id=f"a-{number}", offered=f"t-{number}")
    desk.now_us += KEPT_US
    for number in range(100, 110):
        warned(desk, client_order_id=f"a-{number}", offered=f"t-{number}")
    assert set(kept) == {f"t-{number}" for number in range(100, 110)}
    assert len(kept) < MOST
