"""Does the order bridge have the limits of the database: at its start, when it is asked to look, and by itself?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from orders.core.inputs import Reload, Ticket
from orders.core.limits import Breach, Limit, Rule
from orders.core.outcomes import LimitsReply
from orders.core.scopes import FIRM, Scope, Target
from orders.instants import micros
from orders.ledger import Ledger
from orders.limit_requests import ReloadLimits
from orders.limits.loading import revision_advance
from orders.models import RiskLimit
from orders.requests import Caller
from tests.orders.ledger.conftest import settle

ASKED = Reload(Ticket(b"web", 5), ReloadLimits(request_id=5, deadline_us=0))


def approved(user: UUID, **fields: Any) -> RiskLimit:
    plain = {"rule": Rule.MAX_OPEN_ORDERS.value, "scope": Scope.FIRM.value, "value": 7, "state": "approved"}
    when = {"effective_from": timezone.now(), "proposed_at": timezone.now()}
    limit: RiskLimit = RiskLimit.objects.create(proposed_by_id=user, **{**plain, **when, **fields})
    revision_advance()
    return limit


def test_it_begins_with_those_that_hold_now_or_later(make_ledger: Callable[[], Ledger], trader: Caller) -> None:
    now, user = timezone.now(), trader.user
    approved(user, effective_until=now)
    approved(user, state="proposed")
    approved(user, value=1, effective_from=now + timedelta(days=1))
    approved(user, value=2)
    assert sorted(limit.value for limit in make_ledger().book.limits) == [1, 2]


def test_each_target_comes_as_the_core_knows_it(make_ledger: Callable[[], Ledger], trader: Caller) -> None:
    user = trader.user
    rows = [
        approved(user, breach="approve"),
        approved(user, scope="desk", desk_id=trader.desk),
        approved(user, scope="user", subject_id=user, symbol="AAPL"),
        approved(user, scope="symbol", symbol="IBM", rule="restricted", value=0),
    ]
    found = {limit.id: limit for limit in make_ledger().book.limits}
    first = rows[0]
    assert found[first.id] == Limit(
        id=first.id,
        rule=Rule.MAX_OPEN_ORDERS,
        target=FIRM,
        value=7,
        breach=Breach.APPROVE,
        from_us=micros(first.effective_from),
    )
    assert [(found[row.id].target, found[row.id].symbol) for row in rows[1:]] == [
        (Target(Scope.DESK, str(trader.desk)), ""),
        (Target(Scope.USER, str(user)), "AAPL"),
        (Target(Scope.SYMBOL, "IBM"), ""),
    ]


def test_asked_to_look_it_answers_when_it_has_them(ledger: Ledger, trader: Caller) -> None:
    approved(trader.user)
    assert ledger.book.limits == ()
    (reply,) = settle(ledger, ASKED).draft.replies
    assert reply == LimitsReply(ASKED.ticket, 1)
    assert [limit.value for limit in ledger.book.limits] == [7]


def test_what_it_was_not_told_of_it_finds_when_it_renews_its_lease(ledger: Ledger, trader: Caller) -> None:
    approved(trader.user)
    ledger.renew()
    assert [limit.value for limit in ledger.book.limits] == [7]
    before = ledger.book.limits
    ledger.renew()
    assert ledger.book.limits is before  # nothing new, nothing read


def test_a_reload_after_a_doubtful_commit_reads_them_too(ledger: Ledger, trader: Caller) -> None:
    approved(trader.user)
    ledger.reload()
    assert [limit.value for limit in ledger.book.limits] == [7]
