"""Which order bridge may write? The one whose fence stands in the lease row; the fence is also its engine session."""

from __future__ import annotations

import time

from django.db import transaction
from django.db.models import F

from orders.ledger.faults import Fenced
from orders.ledger.statements import Add
from orders.models import EngineCursor, Lease

LEASE_ID = 1
CURSOR_ID = 1
renew = Add(Lease, "renewed", ["id", "fence"])


def take_lease(holder_address: str) -> int:
    """Take the lease from whoever has it; the new fence. The earlier holder writes nothing after this commit.

    Fences grow with every holder, and are at least the time in seconds: a database that was set up anew still gets a
    higher one than the engine has seen.
    """
    with transaction.atomic():
        EngineCursor.objects.get_or_create(id=CURSOR_ID)
        lease, _ = Lease.objects.select_for_update().get_or_create(id=LEASE_ID)
        fence = max(lease.fence + 1, int(time.time()))
        held = Lease.objects.filter(id=LEASE_ID, fence=lease.fence)
        if not held.update(fence=fence, holder_address=holder_address, renewed=F("renewed") + 1):
            raise Fenced("Another order bridge took the lease at the same moment.")
    return fence


def hold_lease(fence: int) -> None:
    """The first statement of every transaction; `Fenced` where the lease is another's."""
    if not renew.run(1, LEASE_ID, fence):
        raise Fenced(f"The lease is no longer held under fence {fence}.")
