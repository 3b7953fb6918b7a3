"""Is each order of a basket decided as though it had come alone, and all of them in one batch?"""

from __future__ import annotations

from bridge.wire.vocabulary import Side
from orders.core.inputs import LinkDown
from orders.core.outcomes import OrderReply, RefusalReply
from tests.orders.core.desk import E8, refusal_code
from tests.orders.core.groups.trader import Trader, items, limit

PLAIN = limit(Side.BUY, 150)


def test_all_are_placed_with_one_answer_in_their_order() -> None:
    trader = Trader()
    draft = trader.do(trader.basket_input(PLAIN, PLAIN, PLAIN))
    assert [item.client_order_id for item in items(draft)] == ["b-0", "b-1", "b-2"]
    assert len(draft.replies) == 1 and len(trader.sent_new()) == 3


def test_one_that_cannot_be_taken_leaves_the_others_alone() -> None:
    trader = Trader()
    draft = trader.do(trader.basket_input(PLAIN, PLAIN | {"symbol": "NOPE"}, PLAIN))
    placed, refused, last = (item.reply for item in items(draft))
    assert isinstance(placed, OrderReply) and isinstance(last, OrderReply)
    assert isinstance(refused, RefusalReply) and refused.error.status == 422
    assert len(trader.orders) == 2


def test_the_same_again_places_nothing_and_an_id_used_otherwise_is_told_by_itself() -> None:
    trader = Trader()
    trader.do(trader.basket_input(PLAIN, PLAIN))
    again, other, new = (
        item.reply for item in items(trader.do(trader.basket_input(PLAIN, PLAIN | {"quantity_e8": E8}, PLAIN)))
    )
    assert not again.created and other.error.code == "CLIENT_ORDER_ID_REUSED" and new.created
    assert len(trader.orders) == 3


def test_an_id_that_stands_in_it_twice_is_refused_whole() -> None:
    trader = Trader()
    draft = trader.do(trader.basket_input(PLAIN, PLAIN | {"client_order_id": "b-0"}))
    assert refusal_code(draft) == "VALIDATION_FAILED" and not trader.orders


def test_without_a_link_each_is_told_so() -> None:
    trader = Trader()
    trader.do(LinkDown("lost"))
    draft = trader.do(trader.basket_input(PLAIN, PLAIN))
    assert [item.reply.error.code for item in items(draft)] == ["ENGINE_UNAVAILABLE"] * 2
