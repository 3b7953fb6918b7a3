"""How does the world see an order, an execution, a position? One JSON shape each, for REST, sockets and events."""

from __future__ import annotations

from typing import Any

from orders.core.state import ExecutionState, OrderState, PositionState
from orders.core.valuing import MarkQuality
from orders.instants import text
from orders.requests import CancelAllAnswer, OrderAnswer
from tradingmw.scaled import text_e4, text_e8, text_e16


def decimal_or_none(scaled: int | None) -> str | None:
    return None if scaled is None else text_e8(scaled)


def order_shape(order: OrderState) -> dict[str, Any]:
    """The contract's Order: decimal strings, RFC 3339 times, null where there is nothing."""
    return {
        "id": str(order.id),
        "clientOrderId": order.client_order_id,
        "account": order.account_name,
        "symbol": order.symbol,
        "exchange": order.exchange,
        "side": str(order.side),
        "orderType": str(order.order_type),
        "timeInForce": str(order.time_in_force),
        "quantity": text_e8(order.quantity_e8),
        "price": decimal_or_none(order.price_e8),
        "stopPrice": decimal_or_none(order.stop_price_e8),
        "expiresAt": None if order.expires_at_us is None else text(order.expires_at_us),
        "status": str(order.status),
        "reason": order.reason or None,
        "filledQuantity": text_e8(order.filled_e8),
        "averagePrice": decimal_or_none(order.average_price_e8),
        "externalOrderId": order.external_order_id or None,
        "groupId": str(order.group) if order.group else None,
        "leg": order.leg or None,
        "createdAt": text(order.created_at_us),
        "updatedAt": text(order.updated_at_us),
    }


def execution_shape(execution: ExecutionState) -> dict[str, Any]:
    """Only live ones count; a correction names the execution in whose place it stands."""
    return {
        "id": str(execution.id),
        "execId": execution.exec_id,
        "orderId": str(execution.order_id),
        "clientOrderId": execution.client_order_id,
        "account": execution.account_name,
        "symbol": execution.symbol,
        "exchange": execution.exchange,
        "side": str(execution.side),
        "quantity": text_e8(execution.quantity_e8),
        "price": text_e8(execution.price_e8),
        "executedAt": text(execution.executed_at_us),
        "status": str(execution.status),
        "refExecId": execution.ref_exec_id or None,
    }


def position_shape(position: PositionState) -> dict[str, Any]:
    """`quantity` is negative when short; `currentPrice` and `unrealizedPnl` are those of the last fill.

    What the market says of it comes over that (`orders.positions.valuing`).
    """
    return {
        "account": position.account_name,
        "symbol": position.symbol,
        "exchange": position.exchange,
        "quantity": text_e8(position.quantity_e8),
        "averagePrice": decimal_or_none(position.average_price_e8),
        "costBasis": text_e16(position.cost_e16),
        "currentPrice": text_e8(position.current_price_e8),
        "unrealizedPnl": text_e4(position.unrealized_pnl_e4),
        "realizedPnl": text_e4(position.realized_pnl_e4),
        "markQuality": MarkQuality.NONE.value,
        "markedAt": None,
        "updatedAt": text(position.updated_at_us),
    }


def written_shape(answer: OrderAnswer) -> dict[str, Any]:
    """What a write of one order is answered with."""
    return {**answer.order, "lastEventId": answer.last_event_id}


def canceled_shape(answer: CancelAllAnswer) -> dict[str, Any]:
    """What a write of many orders is answered with: an item per order."""
    items = [
        {"id": str(item.id), "status": str(item.status), **({"code": str(item.code)} if item.code else {})}
        for item in answer.items
    ]
    return {"items": items, "lastEventId": answer.last_event_id}
