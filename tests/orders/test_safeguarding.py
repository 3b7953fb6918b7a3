"""May who asks have orders cancelled for him? What needs the whole stack is in `test_disconnects.py`."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accounts.policy import Function
from accounts.rights import Rights, rights_of
from orders.safeguard_requests import CancelAfterAnswer, GuardScope
from orders.safeguarding import CancelOnDisconnect, cancel_after_shape, orders_cancel_after, session_guard
from tests.orders.core.safeguarding import in_session
from tests.orders.holdings import trader
from tradingmw.errors import Forbidden
from tradingmw.typed_body import decoded


@pytest.fixture
def key(db: None) -> Rights:
    """Of a trader's program that may place orders, and nothing else."""
    return rights_of(trader("ann"), frozenset({Function.ORDERS_PLACE}))


async def test_a_key_without_the_scope_of_cancelling_is_refused_before_anything_is_asked(key: Rights) -> None:
    with pytest.raises(Forbidden):
        await session_guard(caller=in_session(), rights=key, asked=CancelOnDisconnect(enabled=True))
    with pytest.raises(Forbidden):
        await orders_cancel_after(caller=in_session(), rights=key, seconds=5)


def test_without_more_words_it_is_five_seconds_and_the_sessions_own_orders() -> None:
    asked = decoded(CancelOnDisconnect, {"enabled": True})
    assert (asked.grace_seconds, asked.scope) == (5, GuardScope.SESSION)


def test_a_timer_is_told_with_the_clock_by_which_it_is_set() -> None:
    now_us, trigger_at_us = 1_795_000_000_000_000, 1_795_000_005_000_000
    answer = CancelAfterAnswer(request_id=1, trigger_at_us=trigger_at_us, now_us=now_us, last_event_id=3)
    shape = {"triggerAt": "2026-11-18T11:06:45.000000Z", "now": "2026-11-18T11:06:40.000000Z", "lastEventId": 3}
    assert cancel_after_shape(answer) == shape
    assert cancel_after_shape(replace(answer, trigger_at_us=0))["triggerAt"] is None
