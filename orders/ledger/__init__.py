"""How do the core's decisions become durable? One transaction per batch, fenced, in bulk statements."""

from orders.ledger.faults import CommitUnknown, DatabaseAway, Fenced, LeaseHeld
from orders.ledger.ledger import Ledger, Postponed, Settled

__all__ = ["CommitUnknown", "DatabaseAway", "Fenced", "LeaseHeld", "Ledger", "Postponed", "Settled"]
