"""Is who asks over REST worked out anew as soon as his session was read anew, or he comes from elsewhere?"""

from __future__ import annotations

from orders.api.lane import asker_of
from tests.orders.test_entry import session, user
from tradingmw.budgets import Tier

HERE, ELSEWHERE = "192.0.2.7", "192.0.2.8"


def test_the_same_session_from_the_same_address_is_the_same_asker() -> None:
    known = session(user())
    asker = asker_of(known, HERE)
    assert asker_of(known, HERE) is asker
    assert (asker.caller.session, asker.caller.ip_address) == (known.id, HERE)


def test_another_address_is_told_to_the_order_bridge() -> None:
    known = session(user())
    assert [asker_of(known, address).caller.ip_address for address in (HERE, ELSEWHERE, HERE)] == [
        HERE,
        ELSEWHERE,
        HERE,
    ]


def test_another_look_at_the_session_counts_at_once() -> None:
    known = session(user())
    assert asker_of(known, HERE).caller.tier is Tier.STANDARD
    renewed = session(user(tier=Tier.HIGH))
    renewed.id = known.id
    assert asker_of(renewed, HERE).caller.tier is Tier.HIGH
