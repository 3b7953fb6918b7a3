"""Can this order be taken at all? The rules of shape that need the instrument, all faults at once, nothing stored."""

from __future__ import annotations

import hashlib

import msgspec

from bridge.wire.messages import Instrument
from bridge.wire.vocabulary import OrderType, TimeInForce
from orders.requests import PlaceOrder
from tradingmw.errors import Code, InvalidRequest

PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
Fault = dict[str, str]


def fault(attr: str, code: Code, detail: str) -> Fault:
    return {"attr": attr, "code": code.value, "detail": detail}


def checked_instrument(request: PlaceOrder, instrument: Instrument | None) -> Instrument:
    """The instrument of the request; `InvalidRequest` (UNKNOWN_INSTRUMENT) where it is not traded, or not there."""
    if instrument is None:
        faults = [fault("symbol", Code.UNKNOWN_INSTRUMENT, f"{request.symbol} is not traded here.")]
        raise InvalidRequest(faults[0]["detail"], code=Code.UNKNOWN_INSTRUMENT, errors=faults)
    if request.exchange not in (None, instrument.exchange):
        faults = [fault("exchange", Code.UNKNOWN_INSTRUMENT, f"{request.symbol} is traded on {instrument.exchange}.")]
        raise InvalidRequest(faults[0]["detail"], code=Code.UNKNOWN_INSTRUMENT, errors=faults)
    return instrument


def check_order(request: PlaceOrder, instrument: Instrument, now_us: int) -> None:
    """`InvalidRequest` naming every field at fault; its code is the first fault's."""
    faults = [
        *price_faults("price", request.price_e8, request.order_type in PRICED, request, instrument),
        *price_faults("stopPrice", request.stop_price_e8, request.order_type in STOPPED, request, instrument),
        *quantity_faults(request, instrument),
        *expiry_faults(request, now_us),
    ]
    if faults:
        raise InvalidRequest(faults[0]["detail"], code=Code(faults[0]["code"]), errors=faults)


def price_faults(
    attr: str, price_e8: int | None, wanted: bool, request: PlaceOrder, instrument: Instrument
) -> list[Fault]:
    if price_e8 is None:
        missing = f"A {request.order_type.value} order needs {attr}."
        return [fault(attr, Code.VALIDATION_FAILED, missing)] if wanted else []
    if not wanted:
        return [fault(attr, Code.VALIDATION_FAILED, f"A {request.order_type.value} order takes no {attr}.")]
    if price_e8 % instrument.tick_e8:
        return [fault(attr, Code.OFF_TICK, f"{attr} is not a multiple of the tick.")]
    return []


def quantity_faults(request: PlaceOrder, instrument: Instrument) -> list[Fault]:
    if request.quantity_e8 % instrument.lot_e8:
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
        request.side.value,
        request.order_type.value,
        request.time_in_force.value,
        request.quantity_e8,
        request.price_e8,
        request.stop_price_e8,
        request.expires_at_us,
    )
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()
