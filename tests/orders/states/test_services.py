"""Who may halt what, who may ask for a release, and who sees which state?"""

from __future__ import annotations

import pytest

from accounts.models import AuditLog, Entitlement, User
from accounts.rights import rights_of
from orders.core.scopes import FIRM, Scope, Target
from orders.core.trading_states import Restriction, TradingState
from orders.requests import WantedState
from orders.states.selectors import states_seen
from orders.states.services import Actor, state_wanted
from tests.orders.limits.people import People
from tradingmw.errors import InvalidRequest, TradingError

HALTED, ACTIVE = TradingState.HALTED, TradingState.ACTIVE
FIRM_WIDE = {(Scope.FIRM, ""), (Scope.DESK, "alpha"), (Scope.USER, "bob"), (Scope.SYMBOL, "AAPL")}
TARGETS = [*sorted(FIRM_WIDE), (Scope.DESK, "beta"), (Scope.USER, "ann"), (Scope.USER, "hedy")]
MAY_HALT = {
    "ann": {(Scope.USER, "ann")},
    "hedy": {(Scope.USER, "ann"), (Scope.USER, "hedy"), (Scope.DESK, "alpha")},
    "bob": {(Scope.USER, "bob")},
    "carl": set(TARGETS),
    "ada": set(TARGETS),
    "otto": set(TARGETS),
}


def asks(
    people: People, name: str, scope: Scope, target: str = "", state: TradingState = HALTED, *, proven: bool = True
) -> WantedState:
    user = people.users[name]
    return state_wanted(
        by=Actor(user, rights_of(user), proven), scope=scope, target=target, state=state, reason="a test"
    )


def refusal(people: People, *asked: object, **more: bool) -> str:
    with pytest.raises(TradingError) as refused:
        asks(people, *asked, **more)  # type: ignore[arg-type]
    return refused.value.code.value


@pytest.mark.parametrize("name", MAY_HALT)
def test_each_halts_what_is_his_to_halt_and_nothing_else(people: People, name: str) -> None:
    allowed = set()
    for scope, target in TARGETS:
        try:
            asks(people, name, scope, target)
        except TradingError as error:
            assert error.status in (403, 404)
        else:
            allowed.add((scope, target))
    assert allowed == MAY_HALT[name]


def test_a_head_does_not_learn_who_is_of_another_desk(people: People) -> None:
    assert refusal(people, "hedy", Scope.USER, "bob") == refusal(people, "hedy", Scope.USER, "nobody") == "NOT_FOUND"


def test_to_halt_takes_no_second_factor_and_to_release_does(people: People) -> None:
    asks(people, "carl", Scope.FIRM, proven=False)
    assert refusal(people, "carl", Scope.FIRM, "", ACTIVE, proven=False) == "STEP_UP_REQUIRED"
    assert asks(people, "carl", Scope.FIRM, "", ACTIVE).releases


@pytest.mark.parametrize("name", ["ann", "hedy"])
def test_who_only_halts_does_not_release(people: People, name: str) -> None:
    assert refusal(people, name, Scope.USER, "ann" if name == "hedy" else name, ACTIVE) == "FORBIDDEN"
    assert not asks(people, name, Scope.USER, name, TradingState.REDUCE_ONLY).releases


def test_a_refusal_is_audited_and_what_is_not_there_is_not(people: People) -> None:
    refusal(people, "ann", Scope.FIRM)
    refusal(people, "carl", Scope.USER, "nobody")
    (row,) = AuditLog.objects.filter(action="trading_state.denied")
    assert (row.user, row.resource_id, row.details["code"]) == (people.users["ann"], "firm", "FORBIDDEN")


@pytest.mark.parametrize(("scope", "target"), [(Scope.FIRM, "all"), (Scope.SYMBOL, ""), (Scope.SYMBOL, "A B")])
def test_a_target_that_is_none_is_an_invalid_request(people: People, scope: Scope, target: str) -> None:
    with pytest.raises(InvalidRequest):
        asks(people, "carl", scope, target)


def test_the_engine_is_not_told_an_account_that_others_trade_on_too(people: People) -> None:
    ann = people.users["ann"]
    assert not asks(people, "carl", Scope.USER, "ann").shared
    User.objects.create(username="amy", email="amy@desk.example", account=ann.account)
    wanted = asks(people, "carl", Scope.USER, "ann")
    assert (wanted.shared, wanted.key, wanted.engine_name) == (True, str(ann.id), "ann")


def test_who_must_sign_signs_a_kill_too(people: People) -> None:
    Entitlement.objects.create(user=people.users["carl"], signed_above=0)
    people.users["carl"].refresh_from_db()
    assert refusal(people, "carl", Scope.FIRM) == "SIGNATURE_REQUIRED"


# --- who sees what -------------------------------------------------------------------------------------------------
def in_force(target: Target, name: str) -> Restriction:
    return Restriction(
        target=target, state=HALTED, name=name, set_by=None, set_by_name="operator", set_at_us=1, reason="a test"
    )


def test_each_sees_what_binds_him_and_what_he_looks_after(people: People) -> None:
    users = people.users
    alpha = users["ann"].desk
    assert alpha is not None
    states = [
        in_force(FIRM, ""),
        in_force(Target(Scope.DESK, str(alpha.id)), "alpha"),
        in_force(Target(Scope.USER, str(users["ann"].id)), "ann"),
        in_force(Target(Scope.USER, str(users["bob"].id)), "bob"),
        in_force(Target(Scope.SYMBOL, "AAPL"), "AAPL"),
    ]
    seen = {
        name: [one.name for one in states_seen(states, users[name], rights_of(users[name]))]
        for name in ("ann", "bob", "hedy", "carl")
    }
    assert seen == {
        "ann": ["", "alpha", "ann", "AAPL"],
        "bob": ["", "bob", "AAPL"],
        "hedy": ["", "alpha", "ann", "AAPL"],
        "carl": ["", "alpha", "ann", "bob", "AAPL"],
    }
