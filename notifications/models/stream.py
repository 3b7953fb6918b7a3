"""Where do the numbered private events stand, and how far has each stream come?

A stream is `user:<uuid hex>` or `desk:<uuid hex>`. Its counter row is what writers queue on: it is advanced in the same
transaction as the events, so the order of numbers is the order of commits. (An identity column is handed out before the
commit: a reader could see 8, remember it, and never see 7.)
"""

from __future__ import annotations

from django.db import models

STREAM_LENGTH = 80


class StreamCounter(models.Model):
    """The number of the last event of a stream; a stream without a row stands at 0."""

    stream = models.CharField(primary_key=True, max_length=STREAM_LENGTH)
    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.stream} at {self.number}"


class StreamEvent(models.Model):
    """One event: `data` is the JSON of the whole object after it. Never changed; a stream counts 1, 2, 3, …"""

    stream = models.CharField(max_length=STREAM_LENGTH)
    number = models.BigIntegerField()
    channel = models.CharField(max_length=24)
    kind = models.CharField(max_length=40)
    data = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "number"], name="stream_event_number")]

    def __str__(self) -> str:
        return f"{self.stream} {self.number} {self.kind}"
