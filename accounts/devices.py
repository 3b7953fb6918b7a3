"""Is this a device that the user is known on? Without a cookie: the address and the program that calls are the same.

Somebody at the same address with the same browser passes for it. That is enough to be told a stranger from the trader
himself, and not enough to get in: such a device has attempts of its own, no more of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from accounts.client import Client
from accounts.models import Session

KNOWN_FOR: Final = timedelta(days=30)


def device_known(username: str, client: Client, now: datetime) -> bool:
    """Whether `username` (lower case) was logged in from there within 30 days."""
    return Session.objects.filter(
        user__username=username,
        ip_address=client.ip_address,
        user_agent=client.agent,
        last_active__gte=now - KNOWN_FOR,
    ).exists()
