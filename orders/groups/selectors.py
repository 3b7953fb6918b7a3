"""Which groups may a caller see? Those of which he may see the orders; others are not there."""

from __future__ import annotations

from uuid import UUID

from accounts.rights import Reach
from orders.core.groups.legs import Leg, kind_of
from orders.selectors import Shape, order_as_shape, orders_of
from tradingmw.errors import NotFound

PLACES = {leg.value: place for place, leg in enumerate(Leg)}


def group_get(reach: Reach, group_id: UUID) -> Shape:
    """The one that triggers the others first, then by client order id. NotFound."""
    rows = sorted(orders_of(reach).filter(group_id=group_id), key=lambda row: (PLACES[row.leg], row.client_order_id))
    if not rows:
        raise NotFound("There is no such group.")
    kind = kind_of(rows[0].leg).value
    return {"id": str(group_id), "type": kind, "orders": [order_as_shape(row) for row in rows]}
