"""What do the tests of alerts share? A user, an alert, and prices as the feed gives them."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.policy import Role
from accounts.rights import rights_of
from notifications.alerts.services import alert_create
from notifications.models import Alert, Condition
from tests.roles import in_roles
from tradingmw.scaled import to_e8


def person(name: str = "ann") -> User:
    return in_roles(User.objects.create(username=name, email=f"{name}@desk.example"), Role.READ_ONLY)


def made(user: User, condition: str, target: str, symbol: str = "AAPL", **more: Any) -> Alert:
    terms: dict[str, Any] = {"symbol": symbol, "condition": Condition(condition), "target_e8": to_e8(target)}
    return alert_create(user_id=user.id, rights=rights_of(user), **terms, **more).alert


def price(*seen: str, high: str = "0", low: str = "0") -> tuple[int, int, int, int, int]:
    """A look of the feed at these last prices, with the day's extremes."""
    seen_e8 = [to_e8(text) for text in seen]
    return seen_e8[-1], max(seen_e8), min(seen_e8), to_e8(high), to_e8(low)
