"""How does the world see a trading state?"""

from __future__ import annotations

from typing import Any

from orders.core.scopes import Target
from orders.core.trading_states import Release, Restriction, TradingState
from orders.instants import text


def state_shape(one: Restriction, now_us: int, *, with_release: bool = True) -> dict[str, Any]:
    """`target` is None for the firm; `release` is a wish that waits for a second person."""
    release = one.release if with_release and one.release and one.release.expires_at_us > now_us else None
    return {
        "scope": one.target.scope.value,
        "target": one.name or None,
        "state": one.state.value,
        "reason": one.reason,
        "setBy": one.set_by_name,
        "setAt": text(one.set_at_us),
        "release": release_shape(release) if release else None,
    }


def release_shape(release: Release) -> dict[str, Any]:
    return {
        "state": release.state.value,
        "reason": release.reason,
        "askedBy": release.asked_by_name,
        "askedAt": text(release.asked_at_us),
        "expiresAt": text(release.expires_at_us),
    }


def active_shape(target: Target, name: str) -> dict[str, Any]:
    """Nothing is restricted there, or not any more."""
    return {
        "scope": target.scope.value,
        "target": name or None,
        "state": TradingState.ACTIVE.value,
        "reason": "",
        "setBy": "",
        "setAt": None,
        "release": None,
    }
