"""Can this order be taken at all? The rules of shape that need the instrument, all faults at once, nothing stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from bridge.wire.messages import Instrument
from bridge.wire.vocabulary import OrderType, TimeInForce
from orders.core.groups.legs import SHARING
from orders.core.state import OrderState, Terms
from orders.requests import PlaceOrder
from tradingmw.errors import Code, InvalidRequest

PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
ENCODER = msgspec.json.Encoder()
Fault = dict[str, str]


def fault(attr: str, code: Code, detail: str) -> Fault:
    return {"attr": attr, "code": code.value, "detail": detail}


def instrument_of(symbol: str, instruments: Mapping[str, Instrument]) -> Instrument:
    """`InvalidRequest` (UNKNOWN_INSTRUMENT) where it is not traded."""
    if instrument := instruments.get(symbol):
        return instrument
    faults = [fault("symbol", Code.UNKNOWN_INSTRUMENT, f"{symbol} is not traded here.")]
    raise InvalidRequest(faults[0]["detail"], code=Code.UNKNOWN_INSTRUMENT, errors=faults)


def checked_instrument(request: PlaceOrder, instruments: Mapping[str, Instrument]) -> Instrument:
    """The instrument of the request; `InvalidRequest` (UNKNOWN_INSTRUMENT) where it is not traded, or not there."""
    instrument = instrument_of(request.symbol, instruments)
    if request.exchange not in (None, instrument.exchange):
        faults = [fault("exchange", Code.UNKNOWN_INSTRUMENT, f"{request.symbol} is traded on {instrument.exchange}.")]
        raise InvalidRequest(faults[0]["detail"], code=Code.UNKNOWN_INSTRUMENT, errors=faults)
    return instrument


def check_order(request: PlaceOrder, instrument: Instrument, now_us: int) -> None:
    """`InvalidRequest` naming every field at fault; its code is the first fault's."""
    faults = [
        *price_faults("price", request.price_e8, PRICED, request.order_type, instrument),
        *price_faults("stopPrice", request.stop_price_e8, STOPPED, request.order_type, instrument),
        *quantity_faults(request.quantity_e8, instrument),
        *expiry_faults(request, now_us),
    ]
    raise_first(faults)


def check_replace(wanted: Terms, order: OrderState, instrument: Instrument) -> None:
    """`InvalidRequest` as `check_order`, also where nothing would change or less remain than is filled."""
    faults: list[Fault] = []
    if wanted.price_e8 is not None:
        faults += price_faults("price", wanted.price_e8, PRICED, order.order_type, instrument)
    if wanted.stop_price_e8 is not None:
        faults += price_faults("stopPrice", wanted.stop_price_e8, STOPPED, order.order_type, instrument)
    if wanted.quantity_e8 is not None:
        faults += quantity_faults(wanted.quantity_e8, instrument)
        if order.leg in SHARING:
            follows = "Its quantity follows its group: only its prices can be changed."
            faults.append(fault("quantity", Code.VALIDATION_FAILED, follows))
        elif wanted.quantity_e8 <= order.filled_e8:
            faults.append(fault("quantity", Code.VALIDATION_FAILED, "As much or more of the order is filled already."))
    raise_first(faults)
    if not wanted.differing(order).changes:
        raise InvalidRequest("The order is so already: give another quantity, price or stopPrice.")


def raise_first(faults: list[Fault]) -> None:
    if faults:
        raise InvalidRequest(faults[0]["detail"], code=Code(faults[0]["code"]), errors=faults)


def price_faults(
    attr: str, price_e8: int | None, having: frozenset[OrderType], order_type: OrderType, instrument: Instrument
) -> list[Fault]:
    """`having` are the types of order that have this price."""
    if price_e8 is None:
        missing = f"A {order_type.value} order needs {attr}."
        return [fault(attr, Code.VALIDATION_FAILED, missing)] if order_type in having else []
    if order_type not in having:
        return [fault(attr, Code.VALIDATION_FAILED, f"A {order_type.value} order takes no {attr}.")]
    if price_e8 % instrument.tick_e8:
        return [fault(attr, Code.OFF_TICK, f"{attr} is not a multiple of the tick.")]
    return []


def quantity_faults(quantity_e8: int, instrument: Instrument) -> list[Fault]:
    if quantity_e8 % instrument.lot_e8:
        return [fault("quantity", Code.OFF_LOT, "quantity is not a multiple of the lot.")]
    return []


def expiry_faults(request: PlaceOrder, now_us: int) -> list[Fault]:
    wanted = request.time_in_force is TimeInForce.GTD
    if request.expires_at_us is None:
        return [fault("expiresAt", Code.VALIDATION_FAILED, "A gtd order needs expiresAt.")] if wanted else []
    if not wanted:
        return [fault("expiresAt", Code.VALIDATION_FAILED, "Only a gtd order takes expiresAt.")]
    if request.expires_at_us <= now_us:
        return [fault("expiresAt", Code.VALIDATION_FAILED, "expiresAt has passed.")]
    return []


def fingerprint(request: PlaceOrder, exchange: str) -> str:
    """SHA-256 (hex) of what the caller asked for, with decimals normalised and defaults filled in."""
    asked = (
        request.symbol,
        exchange,
        request.side,
        request.order_type,
        request.time_in_force,
        request.quantity_e8,
        request.price_e8,
        request.stop_price_e8,
        request.expires_at_us,
    )
    return hashlib.sha256(ENCODER.encode(asked)).hexdigest()
