"""When do sessions, tickets, nonces and challenges that have had their day leave the database?"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.models import PasskeyChallenge, Session, SignedRequest, SocketTicket
from tradingmw.batches import delete_in_batches

SESSIONS_KEPT: Final = timedelta(days=7)  #: after they expired; what was done in them stays in the audit for ever
TICKETS_KEPT: Final = timedelta(hours=1)
NONCES_KEPT: Final = timedelta(minutes=5)  #: ten times the window in which they could come again


def expired_delete() -> int:
    """Delete sessions, tickets, nonces and challenges that expired long enough ago; how many rows went."""
    now = timezone.now()
    nonces = delete_in_batches(SignedRequest.objects.filter(kept=False, received_at__lt=now - NONCES_KEPT))
    tickets = delete_in_batches(SocketTicket.objects.filter(expires_at__lt=now - TICKETS_KEPT))
    challenges = delete_in_batches(PasskeyChallenge.objects.filter(expires_at__lt=now - TICKETS_KEPT))
    return nonces + tickets + challenges + delete_in_batches(Session.objects.filter(expires_at__lt=now - SESSIONS_KEPT))
