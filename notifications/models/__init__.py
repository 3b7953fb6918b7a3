"""What is told to a user (the private stream, alerts, notifications), and what is owed to the world (the outbox)."""

from notifications.models.alerts import Alert, Notification
from notifications.models.outbox import BeatLease, OutboxTask, TimedRun
from notifications.models.stream import StreamCounter, StreamEvent
from notifications.rules import Condition

__all__ = [
    "Alert",
    "BeatLease",
    "Condition",
    "Notification",
    "OutboxTask",
    "StreamCounter",
    "StreamEvent",
    "TimedRun",
]
