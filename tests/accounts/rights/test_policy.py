"""Does the policy decide as its table and its rules say, and does the page for people say the same?"""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from accounts.policy import (
    PERSON,
    ROLES,
    SCOPES,
    UNRESTRICTED,
    Attributes,
    Function,
    OrderTerms,
    Role,
    broken_rules,
    functions_of,
    is_open,
    needs_signature,
    sees_data,
)
from accounts.rights_table import rights_table

ORDER = OrderTerms("XNAS", "equity", "limit", 100, 5_000)


def test_the_page_for_people_is_made_of_the_policy() -> None:
    page = Path(__file__).parents[3] / "docs" / "rights.md"
    assert page.read_text(encoding="utf-8") == rights_table(), "python -m accounts.rights_table > docs/rights.md"


def test_only_traders_and_heads_of_desks_place_orders() -> None:
    assert {role for role in Role if Function.ORDERS_PLACE in functions_of(frozenset({role.value}))} == {
        Role.TRADER,
        Role.DESK_HEAD,
    }


def test_every_role_has_a_row_and_unknown_ones_give_nothing() -> None:
    assert set(ROLES) == set(Role)
    assert functions_of(frozenset({"root", "Trader"})) == functions_of(frozenset()) == PERSON


def test_several_roles_add_up() -> None:
    both = functions_of(frozenset({"trader", "compliance"}))
    assert both == functions_of(frozenset({"trader"})) | functions_of(frozenset({"compliance"}))


def test_no_scope_lets_a_program_keep_keys_factors_or_sessions() -> None:
    assert not SCOPES & {Function.KEYS_KEEP, Function.FACTORS_KEEP, Function.SESSIONS_KEEP}


def test_no_scope_lets_a_program_be_one_of_the_two_who_must_agree() -> None:
    assert not SCOPES & {Function.LIMITS_PROPOSE, Function.LIMITS_DECIDE, Function.ORDERS_APPROVE}


@pytest.mark.parametrize(
    ("mine", "broken"),
    [
        (UNRESTRICTED, []),
        (Attributes(exchanges=frozenset({"XNAS"})), []),
        (Attributes(exchanges=frozenset({"XNYS"})), ["exchange"]),
        (Attributes(asset_classes=frozenset({"future"})), ["symbol"]),
        (Attributes(order_types=frozenset({"market", "stop"})), ["orderType"]),
        (Attributes(quantity_max_e8=100, value_max_e4=5_000), []),
        (Attributes(quantity_max_e8=99, value_max_e4=4_999), ["quantity", "price"]),
    ],
)
def test_each_attribute_bounds_its_field(mine: Attributes, broken: list[str]) -> None:
    assert [rule.field for rule in broken_rules(mine, ORDER)] == broken


def test_an_order_without_a_known_value_is_above_every_value() -> None:
    unpriced = ORDER._replace(value_e4=None)
    assert [rule.field for rule in broken_rules(Attributes(value_max_e4=10**15), unpriced)] == ["price"]
    assert needs_signature(Attributes(signed_above_e4=10**15), unpriced)


@pytest.mark.parametrize(("limit", "needed"), [(None, False), (0, True), (4_999, True), (5_000, False)])
def test_a_signature_is_needed_above_the_value(limit: int | None, needed: bool) -> None:
    assert needs_signature(Attributes(signed_above_e4=limit), ORDER) is needed


@pytest.mark.parametrize(
    ("opens", "closes", "hour", "is_in"),
    [(9, 17, 9, True), (9, 17, 17, False), (9, 17, 3, False), (22, 6, 23, True), (22, 6, 5, True), (22, 6, 6, False)],
)
def test_hours_may_span_midnight(opens: int, closes: int, hour: int, is_in: bool) -> None:
    mine = Attributes(opens=time(opens), closes=time(closes))
    assert is_open(mine, datetime(2026, 11, 23, hour, tzinfo=UTC)) is is_in


def test_hours_are_those_of_the_users_own_clock() -> None:
    mine = Attributes(opens=time(9), closes=time(17), time_zone="Asia/Tokyo")
    assert is_open(mine, datetime(2026, 11, 23, 1, tzinfo=UTC))
    assert not is_open(mine, datetime(2026, 11, 23, 9, tzinfo=UTC))


def test_market_data_of_an_unknown_instrument_is_seen_by_the_unbounded_only() -> None:
    bound = Attributes(data_exchanges=frozenset({"XNAS"}))
    assert sees_data(UNRESTRICTED, None, None)
    assert sees_data(bound, "XNAS", "equity")
    assert not sees_data(bound, "XNYS", "equity")
    assert not sees_data(bound, None, None)
