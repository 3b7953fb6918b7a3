"""When do sessions and tickets that have had their day leave the database?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.models import Session, SocketTicket
from tradingmw.batches import delete_in_batches

SESSIONS_KEPT: Final = timedelta(days=7)  #: after they expired; what was done in them stays in the audit for ever
TICKETS_KEPT: Final = timedelta(hours=1)


def expired_delete() -> int:
    """Delete sessions and tickets that expired long enough ago; how many rows went."""
    now = timezone.now()
    tickets = delete_in_batches(SocketTicket.objects.filter(expires_at__lt=now - TICKETS_KEPT))
    return tickets + delete_in_batches(Session.objects.filter(expires_at__lt=now - SESSIONS_KEPT))
