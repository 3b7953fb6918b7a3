"""How does the world see a group, and what became of each of many orders? One JSON shape each."""

from __future__ import annotations

from typing import Any

from orders.requests import GroupAnswer, PlacedAnswer, PlacedItem

Shape = dict[str, Any]


def group_shape(answer: GroupAnswer) -> Shape:
    told = {"id": str(answer.id), "type": answer.kind.value, "orders": answer.orders}
    return {**told, "lastEventId": answer.last_event_id}


def placed_shape(answer: PlacedAnswer) -> Shape:
    return {"items": [item_shape(item) for item in answer.items], "lastEventId": answer.last_event_id}


def item_shape(item: PlacedItem) -> Shape:
    """Without the members that there are none of."""
    told = {
        "code": item.code.value if item.code else None,
        "detail": item.detail,
        "errors": item.errors,
        "rules": item.rules,
        "confirmationToken": item.confirmation_token,
        "order": item.order,
        "canceled": [str(order_id) for order_id in item.canceled],
    }
    whose = {"clientOrderId": item.client_order_id, "symbol": item.symbol, "status": item.status}
    return {**whose, **{name: value for name, value in told.items() if value}}
