"""What is told to a user: the private stream, and (in `alerts`) alerts and notifications."""

from notifications.models.alerts import Alert, Condition, Notification
from notifications.models.stream import StreamCounter, StreamEvent

__all__ = ["Alert", "Condition", "Notification", "StreamCounter", "StreamEvent"]
