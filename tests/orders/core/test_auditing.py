"""Does the audit log learn who changed what of an order, in which session and request?"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from orders.core.auditing import Audit
from tests.orders.core.desk import ANN, E8, Desk

IN_SESSION = replace(ANN, session=uuid.UUID(int=77), ip_address="192.0.2.7")
HEAD = replace(IN_SESSION, user=uuid.UUID(int=9), account=uuid.UUID(int=99), heads_desk=True)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.go_live()
    return desk


def audit_after(desk: Desk, asked: Any) -> Audit:
    """What is written of `asked`, whose request is `req-1`."""
    asked = asked._replace(request=replace(asked.request, trace="req-1"))
    (audit,) = desk.do(asked).audits
    return audit


def who(audit: Audit) -> tuple[object, ...]:
    return audit.action, audit.user, audit.session, audit.trace, audit.ip_address


def test_a_placed_order_was_nothing_before(desk: Desk) -> None:
    audit = audit_after(desk, desk.place_input(caller=IN_SESSION))
    assert who(audit) == ("order.place", ANN.user, IN_SESSION.session, "req-1", "192.0.2.7")
    assert audit.before == {}
    assert audit.after == {"status": "pending_new", "quantity": "100", "price": "150"}


def test_of_a_change_both_terms_are_told_and_only_those_that_change(desk: Desk) -> None:
    order = desk.acknowledged()
    audit = audit_after(desk, desk.replace_input(order.id, caller=IN_SESSION, quantity_e8=150 * E8))
    assert who(audit) == ("order.replace", ANN.user, IN_SESSION.session, "req-1", "192.0.2.7")
    assert audit.before == {"status": "new", "quantity": "100"}
    assert audit.after == {"status": "pending_replace", "quantity": "150"}


def test_of_a_cancel_the_status_is_told(desk: Desk) -> None:
    order = desk.acknowledged()
    audit = audit_after(desk, desk.cancel_input(order.id, IN_SESSION))
    assert who(audit) == ("order.cancel", ANN.user, IN_SESSION.session, "req-1", "192.0.2.7")
    assert (audit.before, audit.after) == ({"status": "new"}, {"status": "pending_cancel"})


def test_of_all_that_are_cancelled_at_once_each_has_a_row_of_its_own(desk: Desk) -> None:
    orders = [desk.acknowledged(name) for name in ("a-1", "a-2")]
    asked = desk.cancel_all_input(IN_SESSION)
    audits = desk.do(asked._replace(request=replace(asked.request, trace="req-2"))).audits
    assert [audit.order_id for audit in audits] == [str(order.id) for order in orders]
    assert {who(audit) for audit in audits} == {("order.cancel", ANN.user, IN_SESSION.session, "req-2", "192.0.2.7")}


def test_who_cancels_for_his_desk_does_it_in_his_own_session(desk: Desk) -> None:
    desk.acknowledged()
    audit = audit_after(desk, desk.cancel_all_input(HEAD, desk=ANN.desk))
    assert who(audit) == ("order.cancel", HEAD.user, IN_SESSION.session, "req-1", "192.0.2.7")
    assert (audit.before, audit.after) == ({"status": "new"}, {"status": "pending_cancel"})
