"""Who may halt in the admin, and is what cannot be halted told there?"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditLog, Entitlement, User
from orders.models import StateChange, TradingRestriction
from tests.orders.limits.people import People
from tests.orders.limits.test_admin import entered

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/tradingrestriction/"
FORM = {"scope": "user", "target": "nobody", "reason": "a test"}


def test_a_target_that_is_not_there_is_told_and_nothing_is_halted(people: People) -> None:
    answer: Any = entered(people, "carl").post(f"{LIST}add/", FORM)
    assert (answer.status_code, answer.context["adminform"].form.non_field_errors()) == (
        200,
        ["There is no such user."],
    )
    assert not TradingRestriction.objects.exists()


def test_who_must_sign_cannot_do_it_here(people: People) -> None:
    Entitlement.objects.create(user=people.users["carl"], signed_above=0)
    answer: Any = entered(people, "carl").post(f"{LIST}add/", FORM)
    assert "must be signed" in str(answer.context["adminform"].form.non_field_errors())
    assert AuditLog.objects.filter(action="trading_state.denied").count() == 1


def test_staff_without_the_right_has_no_form(people: People) -> None:
    browser = entered(people, "hedy")
    User.objects.filter(username="hedy").update(is_superuser=True)
    assert browser.get(f"{LIST}add/").status_code == 403


def test_what_is_in_force_and_how_it_came_is_shown_and_never_written(people: People) -> None:
    now = timezone.now()
    row = TradingRestriction.objects.create(scope="symbol", key="FB", name="FB", state="halted", set_at=now)
    said = {"scope": "symbol", "key": "FB", "kind": "block", "before": "active", "after": "halted"}
    StateChange.objects.create(change=row.id, asked_at=now, decided_at=now, reason="because", **said)
    browser = entered(people, "carl")
    assert "FB" in browser.get(LIST).content.decode()
    assert "because" in browser.get("/admin/orders/statechange/").content.decode()
    assert browser.post(f"{LIST}{row.id}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{LIST}{row.id}/change/", {"state": "active"}).status_code == 403
