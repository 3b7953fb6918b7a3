"""The tables of the order route; only the order core writes them."""

from orders.models.engine import EngineCommand, EngineCursor, Lease, QuarantinedReport
from orders.models.limits import LimitRevision, RiskLimit
from orders.models.orders import Order, OrderHistory
from orders.models.reconciliation import Reconciliation, ReconciliationDifference
from orders.models.safeguards import CancelAfterTimer, GuardedSession
from orders.models.trades import Execution, Position
from orders.models.trading_states import StateChange, TradingRestriction

__all__ = [
    "CancelAfterTimer",
    "EngineCommand",
    "EngineCursor",
    "Execution",
    "GuardedSession",
    "Lease",
    "LimitRevision",
    "Order",
    "OrderHistory",
    "Position",
    "QuarantinedReport",
    "Reconciliation",
    "ReconciliationDifference",
    "RiskLimit",
    "StateChange",
    "TradingRestriction",
]
