"""May compliance keep limits in the admin, by two people and a proven second factor, and change no row by hand?"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.admin_proof import PROVEN_AT
from accounts.models import AuditLog, Entitlement, TotpFactor, User
from orders.limits.loading import limits_loaded
from orders.models import RiskLimit
from tests.orders.limits.people import People

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/risklimit/"
FORM = {"rule": "max_order_quantity", "scope": "firm", "value": "1000", "breach": "deny", "note": "To begin with."}


def entered(people: People, name: str, *, proven: bool = True) -> Client:
    """As staff who has a second factor, proven just now or a day ago."""
    user = people.users[name]
    User.objects.filter(id=user.id).update(is_staff=True)
    TotpFactor.objects.get_or_create(user=user, defaults={"name": "phone", "confirmed_at": timezone.now()})
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.get(id=user.id))
    session = browser.session
    session[PROVEN_AT] = timezone.now().timestamp() - (0 if proven else 86_400)
    session.save()
    return browser


def acts(browser: Client, action: str, *rows: RiskLimit) -> str:
    """What is told after the action on these rows."""
    chosen = {"action": action, "_selected_action": [str(row.id) for row in rows]}
    return browser.post(LIST, chosen, follow=True).content.decode()


def test_one_proposes_and_another_approves(people: People) -> None:
    answer = entered(people, "carl").post(f"{LIST}add/", FORM)
    assert answer.status_code == 302, answer.content.decode()
    row = RiskLimit.objects.get()
    assert (row.state, row.value, row.proposed_by.username) == ("proposed", 100_000_000_000, "carl")
    assert "Somebody else must decide" in acts(entered(people, "carl"), "approve", row)
    assert "1 done." in acts(entered(people, "cleo"), "approve", row)
    assert [limit.id for limit in limits_loaded(0)] == [row.id]
    told = AuditLog.objects.filter(resource="risk_limit").order_by("timestamp").values_list("action", flat=True)
    assert list(told) == ["limit.proposed", "limit.denied", "limit.approved"]


def test_a_target_is_named_in_public_words(people: People) -> None:
    form = {**FORM, "scope": "user", "target": "ann", "symbol": "AAPL"}
    assert entered(people, "carl").post(f"{LIST}add/", form).status_code == 302
    row = RiskLimit.objects.get()
    assert (row.subject, row.symbol) == (people.users["ann"], "AAPL")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": "-1"}, "value"),
        ({"scope": "user", "target": "nobody"}, "target"),
        ({"symbol": "NOPE"}, "symbol"),
        ({"rule": "trading_state"}, "rule"),
        ({"effective_until_0": "2020-01-01", "effective_until_1": "00:00:00"}, "effective_until"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(people: People, changes: dict[str, str], field: str) -> None:
    answer: Any = entered(people, "carl").post(f"{LIST}add/", {**FORM, **changes})
    assert (answer.status_code, RiskLimit.objects.count()) == (200, 0)
    assert list(answer.context["adminform"].form.errors) == [field]


def test_ones_own_limit_is_refused_and_audited(people: People) -> None:
    answer = entered(people, "carl").post(f"{LIST}add/", {**FORM, "scope": "user", "target": "carl"})
    assert "Nobody has a say in his own limits." in answer.content.decode()
    assert (AuditLog.objects.get(action="limit.denied").details["deed"], RiskLimit.objects.count()) == ("propose", 0)


def test_an_end_is_proposed_and_ones_own_proposal_withdrawn(people: People) -> None:
    people.agreed()
    limit = RiskLimit.objects.get()
    assert "1 done." in acts(entered(people, "carl"), "end", limit)
    end = RiskLimit.objects.get(asks="end")
    assert (end.state, end.replaces) == ("proposed", limit)
    assert "1 done." in acts(entered(people, "carl"), "end", end)
    assert RiskLimit.objects.get(asks="end").state == "withdrawn"


def test_a_refusal_of_one_does_not_stop_the_others(people: People) -> None:
    people.proposes("carl")
    people.proposes("cleo")
    told = acts(entered(people, "cleo"), "refuse", *RiskLimit.objects.all())
    assert "Somebody else must decide" in told and "1 done." in told
    assert sorted(RiskLimit.objects.values_list("state", flat=True)) == ["proposed", "refused"]


def test_a_second_factor_of_yesterday_is_asked_for_again(people: People) -> None:
    answer = entered(people, "carl", proven=False).post(f"{LIST}add/", FORM)
    assert (answer.status_code, answer["Location"].startswith("/admin/login/")) == (302, True)
    assert RiskLimit.objects.count() == 0


def test_without_a_second_factor_nothing_is_changed(people: People) -> None:
    browser = entered(people, "carl")
    TotpFactor.objects.all().delete()
    assert "Prove a second factor" in browser.post(f"{LIST}add/", FORM).content.decode()
    assert RiskLimit.objects.count() == 0


def test_who_must_sign_cannot_do_it_in_a_form(people: People) -> None:
    Entitlement.objects.create(user=people.users["carl"], signed_above=0)
    assert "must be signed" in entered(people, "carl").post(f"{LIST}add/", FORM).content.decode()


def test_no_row_is_changed_or_deleted_and_who_only_looks_proposes_nothing(people: People) -> None:
    people.proposes("carl")
    row = RiskLimit.objects.get()
    browser, looker = entered(people, "carl"), entered(people, "otto")
    assert browser.get(f"{LIST}{row.id}/change/").status_code == 200
    assert browser.post(f"{LIST}{row.id}/change/", {"value": "1"}).status_code == 403
    assert browser.post(f"{LIST}{row.id}/delete/", {"post": "yes"}).status_code == 403
    assert (looker.get(LIST).status_code, looker.get(f"{LIST}add/").status_code) == (200, 403)
    acts(looker, "approve", row)
    assert RiskLimit.objects.get() == row and RiskLimit.objects.get().state == "proposed"
