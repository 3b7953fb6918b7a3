"""Which order bridge may write? The one whose fence stands in the lease row; the fence is also its engine session.

The row names the address under which its holder is asked, and counts what the holder does: at least once a second.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper as Cursor
from django.db.models import F

from orders.ledger.faults import Fenced, LeaseHeld
from orders.ledger.statements import Add
from orders.models import EngineCursor, Lease

LEASE_ID = 1
CURSOR_ID = 1
renew = Add(Lease, "renewed", ["id", "fence"])


class LeaseView(NamedTuple):
    """The row as somebody saw it who need not hold it."""

    fence: int = 0
    renewed: int = 0  #: grows with everything the holder does
    holder_address: str = ""  #: empty: nobody holds it


NOBODY = LeaseView()


def look_at_lease() -> LeaseView:
    """As it is now; `NOBODY` before the first holder."""
    row = Lease.objects.filter(id=LEASE_ID).values_list("fence", "renewed", "holder_address").first()
    return LeaseView(*row) if row else NOBODY


def lease_after_others() -> LeaseView:
    """As it is once every transaction that has touched it before is over."""
    with transaction.atomic():
        row = Lease.objects.select_for_update().filter(id=LEASE_ID).values_list("fence", "renewed", "holder_address")
        return LeaseView(*row.get())


def take_lease(holder_address: str, seen: LeaseView | None = None) -> int:
    """Take the lease from whoever has it; the new fence. The earlier holder writes nothing after this commit.

    With `seen` only as it was then: `LeaseHeld` where its holder has done anything since, or another has come.
    Fences grow with every holder, and are at least the time in seconds: a database that was set up anew still gets a
    higher one than the engine has seen.
    """
    with transaction.atomic():
        EngineCursor.objects.get_or_create(id=CURSOR_ID)
        lease, _ = Lease.objects.select_for_update().get_or_create(id=LEASE_ID)
        if seen is not None and (lease.fence, lease.renewed) != (seen.fence, seen.renewed):
            raise LeaseHeld(lease.holder_address, lease.fence)
        fence = max(lease.fence + 1, int(time.time()))
        held = Lease.objects.filter(id=LEASE_ID, fence=lease.fence)
        if not held.update(fence=fence, holder_address=holder_address, renewed=F("renewed") + 1):
            raise Fenced("Another order bridge took the lease at the same moment.")
    return fence


def hold_lease(fence: int, cursor: Cursor) -> None:
    """The first statement of every transaction; `Fenced` where the lease is another's."""
    if not renew.run(cursor, 1, LEASE_ID, fence):
        raise Fenced(f"The lease is no longer held under fence {fence}.")


def renew_lease(fence: int) -> None:
    """As that, where there is nothing else to be written."""
    with connection.cursor() as cursor:
        hold_lease(fence, cursor)


def give_lease_back(fence: int) -> None:
    """The holder is ending: another may take the lease at once. Means nothing where it is another's already."""
    Lease.objects.filter(id=LEASE_ID, fence=fence).update(holder_address="", renewed=F("renewed") + 1)
