"""What belongs to another user, by the names that the URLconf has for ids? Made over REST, as he would."""

from __future__ import annotations

from uuid import uuid4

import httpx

from tests.accounts.rights.matrix import Row, kept

ORDER = {"symbol": "AAPL", "side": "buy", "orderType": "limit", "quantity": "1", "price": "1.00", "timeInForce": "gtc"}


def made_by(client: httpx.Client) -> dict[str, str]:
    """The ids of an order, a group of orders, a session, a factor, an alert, a workspace, a watchlist and its item."""

    def new(path: str, body: dict[str, object], name: str = "id") -> str:
        answer = client.post(path, json=body)
        assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
        return str(answer.json()[name])

    legs = [{**ORDER, "price": f"{price}.00", "clientOrderId": f"leg-{uuid4().hex}"} for price in (1, 2)]
    watchlist = new("/me/watchlists", {"name": f"w{uuid4().hex}"})
    return {
        "order_id": new("/orders", {**ORDER, "clientOrderId": f"mine-{uuid4().hex}"}),
        "group_id": new("/orders/groups", {"type": "oco", "orders": legs}),
        "session_id": client.get("/auth/sessions").json()["items"][0]["id"],
        "factor_id": new("/auth/mfa/totp", {"name": "phone"}),
        "alert_id": new("/alerts", {"symbol": "AAPL", "condition": "above", "targetPrice": "999999"}),
        "workspace_id": new("/me/workspaces", {"name": f"w{uuid4().hex}", "layout": {}}),
        "watchlist_id": watchlist,
        "item_id": new(f"/me/watchlists/{watchlist}/items", {"symbol": "AAPL", "exchange": "XNAS"}),
    }


def path_with(row: Row, ids: dict[str, str]) -> str:
    """KeyError where the URLconf has an id that nothing is made for here."""
    path = row.name
    while "<uuid:" in path:
        head, _, tail = path.partition("<uuid:")
        name, _, rest = tail.partition(">")
        path = f"{head}{ids[name]}{rest}"
    return path


def with_ids() -> list[Row]:
    """Every endpoint and verb that takes an id."""
    return [row for row in kept() if row.surface == "rest" and "<uuid:" in row.name]


def lists() -> list[str]:
    """Every path that is read without an id."""
    return [
        row.name.removeprefix("/api/v1")
        for row in kept()
        if row.surface == "rest" and row.method == "GET" and "<" not in row.name and row.function != "public"
    ]
