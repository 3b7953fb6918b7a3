"""What becomes of a limit that is changed or ended, and does nobody change another version than he has read?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditLog
from orders.instants import micros
from orders.limits.loading import limits_loaded, revision
from orders.models import RiskLimit
from tests.orders.limits.people import People, Told

pytestmark = pytest.mark.django_db


def soon(**later: int) -> str:
    return (timezone.now() + timedelta(**later)).isoformat()


def in_force(people: People, query: str = "") -> list[str]:
    return sorted(each["value"] for each in people.listed("otto", query))


def loaded_after(**later: int) -> list[int]:
    """What the gate would hold orders against then."""
    at_us = micros(timezone.now() + timedelta(**later))
    return sorted(limit.value // 10**8 for limit in limits_loaded(at_us) if limit.holds_at(at_us))


def test_a_change_stands_in_the_place_of_the_limit_once_it_is_approved(people: People) -> None:
    first = people.agreed(value="1000")
    change = people.proposes("carl", value="2000", replaces=first.body["id"])
    assert in_force(people) == ["1000"]
    people.decides("cleo", change)
    assert (in_force(people), loaded_after(seconds=1)) == (["2000"], [2000])
    before = people.ask("otto", "GET", f"/limits/{first.body['id']}").body
    assert (before["state"], before["inEffect"], before["value"]) == ("ended", False, "1000")


def test_a_change_from_a_date_on_holds_from_then_on(people: People) -> None:
    first = people.agreed(value="1000")
    people.agreed(value="2000", replaces=first.body["id"], effectiveFrom=soon(days=1))
    assert in_force(people) == ["1000"]
    assert (loaded_after(hours=23), loaded_after(hours=25)) == ([1000], [2000])


def test_after_a_change_for_a_while_the_limit_holds_again(people: People) -> None:
    first = people.agreed(value="1000")
    people.agreed(value="9000", replaces=first.body["id"], effectiveUntil=soon(days=1))
    assert (in_force(people), loaded_after(hours=25)) == (["9000"], [1000])
    told = people.ask("otto", "GET", f"/limits/{first.body['id']}").body
    assert (told["state"], told["inEffect"], len(told["periods"])) == ("approved", False, 2)


def test_a_limit_of_the_past_or_of_the_future_binds_nobody_now(people: People) -> None:
    people.agreed(value="1", effectiveFrom=soon(hours=1))
    over = people.agreed(value="2", effectiveUntil=soon(hours=1)).body["id"]
    RiskLimit.objects.filter(id=over).update(effective_until=timezone.now())
    assert (in_force(people), loaded_after(seconds=1), loaded_after(hours=2)) == ([], [], [1])
    assert people.ask("otto", "GET", f"/limits/{over}").body["state"] == "ended"


def test_a_proposal_that_is_approved_late_holds_from_then_on_and_not_before(people: People) -> None:
    proposal = people.proposes("carl", effectiveFrom=soon(seconds=-1))
    approval = people.decides("cleo", proposal).body
    assert approval["periods"] == [{"start": approval["effectiveFrom"], "end": None}]
    assert approval["effectiveFrom"] >= proposal.body["proposedAt"]


def test_a_proposal_whose_time_is_over_can_only_be_refused(people: People) -> None:
    proposal = people.proposes("carl", effectiveUntil=soon(hours=1))
    RiskLimit.objects.update(effective_until=timezone.now())
    assert people.decides("cleo", proposal).refused == (409, "LIMIT_OVER")
    assert people.decides("cleo", proposal, "refuse").status == 200


def test_an_end_needs_two_people_as_well(people: People) -> None:
    path = f"/limits/{people.agreed().body['id']}"
    end = people.ask("carl", "DELETE", path)
    assert (end.status, end.body["asks"], end.body["state"], in_force(people)) == (202, "end", "proposed", ["1000"])
    assert people.decides("carl", end).refused == (403, "SECOND_PERSON_REQUIRED")
    assert people.decides("cleo", end).status == 200
    assert (in_force(people), limits_loaded(0)[0].until_us is not None, revision()) == ([], True, 2)
    assert people.ask("carl", "DELETE", path).refused == (409, "LIMIT_OVER")


def test_what_was_replaced_is_not_replaced_again(people: People) -> None:
    first = people.agreed().body["id"]
    late = people.proposes("carl", value="3000", replaces=first)
    people.agreed(value="2000", replaces=first)
    assert people.decides("cleo", late).refused == (409, "LIMIT_OVER")
    assert people.proposes("carl", value="4000", replaces=first).refused == (409, "LIMIT_OVER")
    assert in_force(people) == ["2000"]


@pytest.mark.parametrize(
    "changes",
    [{"rule": "max_position"}, {"symbol": "AAPL"}, {"scope": "symbol", "target": "AAPL"}],
)
def test_only_a_limit_of_the_same_kind_and_target_stands_in_its_place(people: People, changes: dict[str, str]) -> None:
    first = people.agreed().body["id"]
    answer = people.proposes("carl", replaces=first, **changes)
    assert (answer.status, answer.attrs) == (422, ["replaces"])


def test_a_proposal_that_was_not_approved_cannot_be_replaced(people: People) -> None:
    assert people.proposes("carl", replaces=people.proposes("carl").body["id"]).refused == (409, "LIMIT_OVER")


# Versions ------------------------------------------------------------------------------------------------------------
def changed(people: People, limit: Told, **headers: str) -> Told:
    body = {"rule": "max_order_quantity", "scope": "firm", "value": "2000", "replaces": limit.body["id"]}
    return people.ask("carl", "POST", "/limits", body, **headers)


def test_another_version_than_was_read_is_not_changed(people: People) -> None:
    limit = people.agreed()
    assert limit.headers["ETag"] == '"2"'
    stale = {"If-Match": '"1"'}
    answers = [changed(people, limit, **stale), people.ask("carl", "DELETE", f"/limits/{limit.body['id']}", **stale)]
    assert [answer.refused for answer in answers] == [(412, "PRECONDITION_FAILED")] * 2
    assert [answer.headers["ETag"] for answer in answers] == ['"2"'] * 2
    assert changed(people, limit, **{"If-Match": '"2"'}).status == 202


def test_a_decision_on_another_version_is_not_taken(people: People) -> None:
    proposal = people.proposes("carl")
    assert people.decides("cleo", proposal, **{"If-Match": '"7"'}).refused == (412, "PRECONDITION_FAILED")
    assert people.decides("cleo", proposal, **{"If-Match": proposal.headers["ETag"]}).status == 200


def test_a_limit_gets_another_version_when_it_is_replaced(people: People) -> None:
    limit = people.agreed()
    path = f"/limits/{limit.body['id']}"
    assert people.ask("otto", "GET", path, **{"If-None-Match": '"2"'}).status == 304
    people.decides("cleo", changed(people, limit))
    assert people.ask("otto", "GET", path, **{"If-None-Match": '"2"'}).headers["ETag"] == '"3"'


# Lists ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", ["effective", "all"])
def test_a_list_is_read_page_by_page_newest_first_without_a_hole(people: People, state: str) -> None:
    for number in range(1, 6):
        people.agreed(value=str(number))
    values, token = [], ""
    while len(values) < 10:
        page = people.ask("ann", "GET", f"/limits?state={state}&limit=2{token}").body
        values += [each["value"] for each in page["items"]]
        if page["nextPageToken"] is None:
            break
        token = f"&pageToken={page['nextPageToken']}"
    assert values == ["5", "4", "3", "2", "1"]


def test_a_list_is_narrowed_by_rule_and_scope(people: People) -> None:
    people.agreed()
    people.agreed(rule="price_collar", value="5", scope="symbol", target="IBM")
    assert [each["rule"] for each in people.listed("ann", "?rule=price_collar")] == ["price_collar"]
    assert [each["target"] for each in people.listed("ann", "?scope=symbol")] == ["IBM"]


def test_a_list_over_another_writers_page_does_not_end_early(people: People) -> None:
    """More that is over than is read at a time lies before the one that is in force."""
    people.agreed(value="7")
    row = RiskLimit.objects.get()
    over = {"rule": row.rule, "scope": row.scope, "value": 1, "state": "approved", "proposed_by": row.proposed_by}
    past = {"effective_from": timezone.now() - timedelta(days=2), "effective_until": timezone.now() - timedelta(days=1)}
    RiskLimit.objects.bulk_create(RiskLimit(**over, **past, proposed_at=timezone.now()) for _ in range(450))
    assert in_force(people) == ["7"]


def test_an_end_is_audited_with_what_it_ends(people: People) -> None:
    limit = people.agreed().body
    people.decides("cleo", people.ask("carl", "DELETE", f"/limits/{limit['id']}"))
    row = AuditLog.objects.filter(action="limit.approved").latest("timestamp")
    assert (row.details["asks"], row.details["replaces"], row.details["value"]) == ("end", limit["id"], "1000")
