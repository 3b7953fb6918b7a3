"""The order bridge: the order core with its ledger in one thread, the sockets to engine and web in another."""

from orders.bridge.bridge import OrderBridge

__all__ = ["OrderBridge"]
