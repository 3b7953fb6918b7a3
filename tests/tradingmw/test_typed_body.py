"""Is a typed body taken exactly, and is every fault named by its field?"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from tradingmw.errors import InvalidRequest
from tradingmw.typed_body import PositiveDecimal, decoded, schemas_of

Instant = Annotated[datetime, Meta(tz=True)]


class Leg(Struct):
    ratio: int


class Body(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the tests send.

    In two paragraphs.
    """

    order_id: Annotated[str, Meta(pattern=r"^[a-z]{1,3}\Z")]
    quantity: PositiveDecimal
    price: PositiveDecimal | None = None
    expires_at: Instant | None = None
    legs: list[Leg] = []


GOOD = {"orderId": "a", "quantity": "1.5"}


def errors_of(body: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        decoded(Body, body)
    return {error["attr"]: error["code"] for error in refused.value.errors}


def test_a_decimal_string_is_an_exact_integer() -> None:
    assert decoded(Body, {**GOOD, "price": "0.00000001"}) == Body(
        order_id="a", quantity=PositiveDecimal(150_000_000), price=PositiveDecimal(1)
    )


@given(st.decimals("0.00000001", "92233720368", places=8, allow_nan=False))
def test_any_decimal_that_is_kept_comes_back(value: Decimal) -> None:
    assert decoded(Body, {**GOOD, "quantity": f"{value:f}"}).quantity == int(value * 10**8)


@pytest.mark.parametrize(
    "quantity",
    [
        "",
        "0",
        "-1",
        "1e2",
        " 1",
        "1_0",
        "٣",
        "NaN",
        "1.2.3",
        "0.000000001",
        "9" * 30,
        "1" * 41,
        1,
        1.5,
        True,
        None,
        ["1"],
        {},
    ],
    ids=repr,
)
def test_what_is_no_plain_decimal_above_zero_is_refused(quantity: Any) -> None:
    assert errors_of({**GOOD, "quantity": quantity}) == {"quantity": "invalid"}


def test_every_fault_is_named_at_once() -> None:
    body = {"orderId": "A", "price": 5, "expiresAt": "2026-11-22T10:00:00", "legs": [{"ratio": 1}, {"ratio": "x"}]}
    assert errors_of({**body, "stopprice": "1"}) == {
        "orderId": "invalid",
        "quantity": "required",
        "price": "invalid",
        "expiresAt": "invalid",
        "legs[1].ratio": "invalid",
        "stopprice": "unknown",
    }


@pytest.mark.parametrize("body", [None, [], "text", 7, True])
def test_what_is_no_object_is_refused(body: Any) -> None:
    assert errors_of(body) == {"": "invalid"}


def test_names_of_any_kind_and_length_are_told_in_bounds() -> None:
    found = errors_of({**GOOD, **{"x" * 200 + str(n): 1 for n in range(50)}, 7: 1})
    assert len(found) <= 20 and all(len(name) <= 80 for name in found)


NOISE = st.none() | st.text() | st.floats() | st.lists(st.text())


@given(st.dictionaries(st.text() | st.integers(), NOISE, max_size=5))
def test_nothing_but_a_refusal_comes_of_noise(body: dict[Any, Any]) -> None:
    assert errors_of(body)


def test_the_schema_can_be_read_by_others_than_python() -> None:
    (schema,), components = schemas_of([Body], "#/{name}")
    assert schema == {"$ref": "#/Body"}
    assert components["Body"]["description"] == "What the tests send.\n\nIn two paragraphs."
    assert components["Body"]["properties"]["orderId"]["pattern"] == "^[a-z]{1,3}$"
    assert components["Body"]["properties"]["quantity"]["type"] == "string"


def test_a_type_that_nobody_knows_is_a_fault_of_ours() -> None:
    class Strange(Struct):
        value: complex

    with pytest.raises(NotImplementedError):
        decoded(Strange, {"value": "1"})
    with pytest.raises(TypeError):
        schemas_of([Strange], "#/{name}")
