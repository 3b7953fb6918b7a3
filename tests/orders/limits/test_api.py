"""Does a limit come about by two people only, and can nothing be proposed that nobody can mean?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditLog
from orders.limits.loading import limits_loaded, revision
from orders.models import RiskLimit
from tests.orders.limits.people import People

pytestmark = pytest.mark.django_db


def soon(**later: int) -> str:
    return (timezone.now() + timedelta(**later)).isoformat()


# Two people ----------------------------------------------------------------------------------------------------------
def test_a_proposal_waits_and_binds_nobody(people: People) -> None:
    proposal = people.proposes("carl")
    assert (proposal.status, proposal.body["state"], proposal.body["inEffect"]) == (202, "proposed", False)
    assert proposal.headers["Location"] == f"/api/v1/limits/{proposal.body['id']}"
    assert (limits_loaded(0), people.listed("ann"), people.listed("ann", "?state=all")) == ((), [], [])
    assert [each["id"] for each in people.listed("cleo", "?state=proposed")] == [proposal.body["id"]]


def test_a_second_person_puts_it_in_force_for_everybody(people: People) -> None:
    approval = people.agreed(value="1000.50", effectiveUntil=soon(days=1))
    told = approval.body
    assert (told["state"], told["inEffect"], told["value"], told["decidedBy"]) == ("approved", True, "1000.5", "cleo")
    (limit,) = limits_loaded(0)
    assert (str(limit.id), limit.value, limit.target.scope.value) == (told["id"], 100_050_000_000, "firm")
    assert (limit.from_us < limit.until_us, revision()) == (True, 1)
    assert [each["id"] for each in people.listed("ann")] == [told["id"]]


def test_both_steps_are_audited_with_before_and_after(people: People) -> None:
    limit = people.agreed().body
    rows = AuditLog.objects.filter(resource="risk_limit", resource_id=limit["id"]).order_by("timestamp")
    assert [(row.action, row.user.username) for row in rows if row.user] == [
        ("limit.proposed", "carl"),
        ("limit.approved", "cleo"),
    ]
    first, second = rows
    assert (first.before, first.after["value"], first.after["rule"]) == ({}, "1000", "max_order_quantity")
    assert (second.before["state"], second.after["state"], second.after["effectiveFrom"]) == (
        "proposed",
        "approved",
        limit["effectiveFrom"],
    )
    assert second.session_id is not None and second.ip_address is not None


def test_nobody_decides_what_he_has_proposed(people: People) -> None:
    proposal = people.proposes("carl")
    assert people.decides("carl", proposal).refused == (403, "SECOND_PERSON_REQUIRED")
    assert people.decides("carl", proposal, "refuse").refused == (403, "SECOND_PERSON_REQUIRED")
    told = AuditLog.objects.filter(action="limit.denied", resource_id=proposal.body["id"])
    assert [row.details["code"] for row in told] == ["SECOND_PERSON_REQUIRED"] * 2
    assert RiskLimit.objects.get().state == "proposed"


@pytest.mark.parametrize("name", ["carl", "hedy"])
def test_nobody_proposes_his_own_limit(people: People, name: str) -> None:
    assert people.proposes(name, scope="user", target=name).refused == (403, "SECOND_PERSON_REQUIRED")
    assert RiskLimit.objects.count() == 0


def test_nobody_decides_or_ends_his_own_limit(people: People) -> None:
    proposal = people.proposes("carl", scope="user", target="cleo")
    assert people.decides("cleo", proposal).refused == (403, "SECOND_PERSON_REQUIRED")
    assert people.decides("ada", proposal).status == 200
    ended = people.ask("cleo", "DELETE", f"/limits/{proposal.body['id']}")
    assert ended.refused == (403, "SECOND_PERSON_REQUIRED")


def test_a_refused_proposal_never_holds(people: People) -> None:
    refusal = people.decides("cleo", people.proposes("carl"), "refuse")
    assert (refusal.status, refusal.body["state"], limits_loaded(0), revision()) == (200, "refused", (), 0)


@pytest.mark.parametrize("first", ["approve", "refuse"])
def test_what_is_decided_is_not_decided_again(people: People, first: str) -> None:
    proposal = people.proposes("carl")
    people.decides("cleo", proposal, first)
    assert people.decides("ada", proposal, "approve").refused == (409, "ALREADY_DECIDED")
    assert people.decides("cleo", proposal, "refuse").refused == (409, "ALREADY_DECIDED")


def test_who_proposed_it_may_withdraw_it_and_then_it_is_over(people: People) -> None:
    proposal = people.proposes("carl")
    path = f"/limits/{proposal.body['id']}"
    assert people.ask("cleo", "DELETE", path).refused == (409, "LIMIT_OVER")
    withdrawn = people.ask("carl", "DELETE", path)
    assert (withdrawn.status, withdrawn.body["state"]) == (200, "withdrawn")
    assert people.decides("cleo", proposal).refused == (409, "ALREADY_DECIDED")


# Proof and rights ----------------------------------------------------------------------------------------------------
def test_every_write_needs_a_second_factor_proven_lately(people: People) -> None:
    proposal = people.proposes("carl")
    path = f"/limits/{proposal.body['id']}"
    decision: dict[str, Any] = {"decision": "approve"}
    answers = [
        people.ask("cleo", "POST", "/limits", {"rule": "max_position", "scope": "firm", "value": "1"}, method=None),
        people.ask("cleo", "POST", f"{path}/decision", decision, method=None),
        people.ask("cleo", "DELETE", path, method=None),
    ]
    assert [answer.refused for answer in answers] == [(403, "STEP_UP_REQUIRED")] * 3
    assert RiskLimit.objects.get().state == "proposed"


@pytest.mark.parametrize("name", ["ann", "otto"])
def test_who_has_no_right_to_it_neither_proposes_nor_decides(people: People, name: str) -> None:
    proposal = people.proposes("carl")
    assert people.proposes(name).refused == (403, "FORBIDDEN")
    assert people.decides(name, proposal).refused == (403, "FORBIDDEN")
    assert people.ask(name, "DELETE", f"/limits/{proposal.body['id']}").refused == (403, "FORBIDDEN")


def test_the_head_of_a_desk_proposes_for_it_and_its_users_and_decides_nothing(people: People) -> None:
    assert people.proposes("hedy", scope="desk", target="alpha").status == 202
    assert people.proposes("hedy", scope="user", target="ann").status == 202
    beyond = [
        people.proposes("hedy"),
        people.proposes("hedy", scope="desk", target="beta"),
        people.proposes("hedy", scope="user", target="bob"),
        people.proposes("hedy", scope="symbol", target="AAPL"),
    ]
    assert [(answer.status, answer.attrs) for answer in beyond] == [(422, ["target"])] * 4
    assert people.decides("hedy", people.proposes("carl", scope="desk", target="alpha")).refused == (403, "FORBIDDEN")


def test_the_head_of_a_desk_does_not_end_what_binds_the_firm(people: People) -> None:
    limit = people.agreed()
    assert people.ask("hedy", "DELETE", f"/limits/{limit.body['id']}").refused == (403, "FORBIDDEN")


def test_everybody_sees_the_limits_that_bind_him_and_no_other_users(people: People) -> None:
    everybody = people.agreed().body["id"]
    symbol = people.agreed(scope="symbol", target="AAPL").body["id"]
    desk = people.agreed(scope="desk", target="alpha").body["id"]
    hers = people.agreed(scope="user", target="ann").body["id"]
    seen = {name: {each["id"] for each in people.listed(name)} for name in ("ann", "bob", "hedy", "otto", "ada")}
    assert seen["ann"] == seen["hedy"] == seen["otto"] == seen["ada"] == {everybody, symbol, desk, hers}
    assert seen["bob"] == {everybody, symbol}
    assert people.ask("bob", "GET", f"/limits/{hers}").refused == (404, "NOT_FOUND")
    assert people.ask("bob", "GET", f"/limits/{desk}").refused == (404, "NOT_FOUND")
    assert people.ask("ann", "GET", f"/limits/{hers}").body["target"] == "ann"


def test_an_id_that_is_nobodys_is_not_there(people: People) -> None:
    path = f"/limits/{uuid4()}"
    answers = [
        people.ask("cleo", "GET", path),
        people.ask("cleo", "DELETE", path),
        people.ask("cleo", "POST", f"{path}/decision", {"decision": "approve"}),
        people.proposes("carl", replaces=str(uuid4())),
    ]
    assert [answer.refused for answer in answers] == [(404, "NOT_FOUND")] * 4


# What can be meant ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "attrs"),
    [
        ({"value": "0"}, ["value"]),
        ({"value": "-1"}, ["value"]),
        ({"value": None}, ["value"]),
        ({"value": "99999999999999999999"}, ["value"]),
        ({"value": "many"}, ["value"]),
        ({"value": 5}, ["value"]),
        ({"rule": "price_collar", "value": "101"}, ["value"]),
        ({"rule": "max_open_orders", "value": "2.5"}, ["value"]),
        ({"rule": "trading_state"}, ["rule"]),
        ({"rule": "restricted", "value": None}, ["symbol"]),
        ({"rule": "restricted", "value": "1", "symbol": "AAPL"}, ["value"]),
        ({"rule": "order_rate", "breach": "confirm"}, ["breach"]),
        ({"rule": "no_such_rule"}, ["rule"]),
        ({"scope": "user"}, ["target"]),
        ({"scope": "user", "target": "nobody"}, ["target"]),
        ({"scope": "desk", "target": "gamma"}, ["target"]),
        ({"scope": "symbol", "target": "NOPE"}, ["target"]),
        ({"scope": "symbol", "target": "aapl"}, ["target"]),
        ({"scope": "symbol", "target": "AAPL", "symbol": "IBM"}, ["symbol"]),
        ({"target": "alpha"}, ["target"]),
        ({"symbol": "NOPE"}, ["symbol"]),
        ({"effectiveFrom": soon(days=-2)}, ["effectiveFrom"]),
        ({"effectiveUntil": soon(seconds=-1)}, ["effectiveUntil"]),
        ({"effectiveFrom": soon(days=2), "effectiveUntil": soon(days=1)}, ["effectiveUntil"]),
        ({"effectiveUntil": "2030-01-01T00:00:00"}, ["effectiveUntil"]),
        ({"note": "x" * 401}, ["note"]),
        ({"misspelt": "1"}, ["misspelt"]),
        ({"state": "approved"}, ["state"]),
        ({"value": "0", "scope": "user", "target": "nobody", "symbol": "NOPE"}, ["value", "target", "symbol"]),
    ],
)
def test_what_nobody_can_mean_is_422_with_every_fault_by_name(
    people: People, changes: dict[str, Any], attrs: list[str]
) -> None:
    answer = people.proposes("carl", **changes)
    assert (answer.status, answer.body["code"], answer.attrs) == (422, "VALIDATION_FAILED", attrs)
    assert RiskLimit.objects.count() == 0


@pytest.mark.parametrize("decision", ["maybe", "", None, 1])
def test_a_decision_is_one_of_two_words(people: People, decision: Any) -> None:
    proposal = people.proposes("carl")
    answer = people.ask("cleo", "POST", f"/limits/{proposal.body['id']}/decision", {"decision": decision})
    assert (answer.status, answer.attrs) == (422, ["decision"])


def test_a_list_knows_its_words(people: People) -> None:
    assert people.ask("ann", "GET", "/limits?state=forever").attrs == ["state"]
    assert people.ask("ann", "GET", "/limits?stat=all").attrs == ["stat"]
    assert people.ask("ann", "GET", "/limits?pageToken=xyz").attrs == ["pageToken"]


# Two at once ---------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_decides(people: People) -> None:
    proposal = people.proposes("carl")

    def decide(name: str) -> int:
        try:
            return people.decides(name, proposal, "approve" if name == "cleo" else "refuse").status
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, ["cleo", "ada"])) == [200, 409]
    assert AuditLog.objects.filter(action__in=["limit.approved", "limit.refused"]).count() == 1
