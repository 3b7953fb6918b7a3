"""How is something promised in a transaction done exactly once after it, whatever dies in between?

`outbox_add` writes the promise in the transaction that makes it true. A sweeper hands due rows to the broker, a worker
runs the body that `@outbox_task` registered. A body that only writes to the database runs in ONE transaction with the
row's completion: its effect happens once, however often the message is delivered.
"""

from notifications.outbox.adding import outbox_add
from notifications.outbox.registry import outbox_task

__all__ = ["outbox_add", "outbox_task"]
