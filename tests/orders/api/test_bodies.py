"""Which bodies of an order are taken, and is everything else named?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from orders.api.bodies import PlaceOrderBody, ReplaceOrderBody
from tests.orders.core.desk import ANN, E8
from tradingmw.errors import InvalidRequest
from tradingmw.typed_body import decoded

LIMIT = {"orderType": "limit", "quantity": "100", "price": "150.25"}
BODY = {"clientOrderId": "a-1", "symbol": "AAPL", "side": "buy", **LIMIT}


def faults(body: Any) -> list[str]:
    """The names of the fields that are told to be wrong."""
    with pytest.raises(InvalidRequest) as refused:
        decoded(PlaceOrderBody, body)
    return [error["attr"] for error in refused.value.errors]


def test_a_plain_body_is_taken_with_its_defaults() -> None:
    order = decoded(PlaceOrderBody, BODY).order(ANN)
    assert (order.quantity_e8, order.price_e8, order.stop_price_e8) == (100 * E8, 15025 * 10**6, None)
    assert (order.time_in_force, order.exchange, order.expires_at_us) == ("day", None, None)


def test_a_change_keeps_what_is_absent_or_null() -> None:
    change = decoded(ReplaceOrderBody, {"price": "150.2500", "quantity": None}).change(ANN, UUID(int=3))
    assert (change.price_e8, change.quantity_e8, change.stop_price_e8) == (15025 * 10**6, None, None)


def test_null_means_absent() -> None:
    absent = {"stopPrice": None, "expiresAt": None, "exchange": None}
    assert decoded(PlaceOrderBody, {**BODY, **absent}) == decoded(PlaceOrderBody, BODY)


def test_trailing_zeros_make_no_difference() -> None:
    body = decoded(PlaceOrderBody, {**BODY, "quantity": "100.000", "price": "0150.250"})
    assert body.order(ANN).price_e8 == 15025 * 10**6


@pytest.mark.parametrize("field", ["clientOrderId", "symbol", "side", "orderType", "quantity"])
def test_a_missing_field_is_named(field: str) -> None:
    assert faults({name: value for name, value in BODY.items() if name != field}) == [field]


@pytest.mark.parametrize(
    "quantity",
    [
        "0", "-1", "", " 1", "1 ", "1e3", "NaN", "Infinity", "1,000", "1_000", "٣", ".", "-", "1.2.3", "0.000000001",
        "99999999999999999999", "9" * 41, 1, 1.5, True, None, [], {},
    ],
)  # fmt: skip
def test_a_quantity_that_is_no_positive_decimal_string_is_named(quantity: Any) -> None:
    assert faults({**BODY, "quantity": quantity}) == ["quantity"]


@pytest.mark.parametrize("client_order_id", ["", "a" * 49, "a b", "ä", "a\n", "a/b", None])
def test_a_client_order_id_outside_its_alphabet_is_named(client_order_id: Any) -> None:
    assert faults({**BODY, "clientOrderId": client_order_id}) == ["clientOrderId"]


@pytest.mark.parametrize("change", [{"stopprice": "1"}, {"account": "bob"}, {"status": "filled"}, {"id": "x"}])
def test_a_field_that_is_not_there_is_named(change: dict[str, str]) -> None:
    assert faults({**BODY, **change}) == list(change)


@pytest.mark.parametrize(
    "change",
    [{"side": "hold"}, {"side": "BUY"}, {"orderType": "iceberg"}, {"timeInForce": "x"}, {"expiresAt": "soon"}],
)
def test_a_word_that_is_not_the_contracts_is_named(change: dict[str, str]) -> None:
    assert faults({**BODY, **change}) == list(change)


def test_a_time_without_its_offset_is_named() -> None:
    assert faults({**BODY, "expiresAt": "2026-11-22T10:00:00"}) == ["expiresAt"]


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert faults(body) == [""]
