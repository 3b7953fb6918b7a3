"""What was promised in a transaction and is done after it? Tasks, who fires the timed ones, and when they last ran.

The table is the truth, the broker only a messenger: a message that is lost, doubled or late changes nothing but time.
"""

from __future__ import annotations

import uuid

from django.db import models

TASK_LENGTH = 60
KEY_LENGTH = 200
ERROR_LENGTH = 400


class OutboxTask(models.Model):
    """One effect that is owed, once per (task, key). Done, parked, or due at `not_before`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=TASK_LENGTH)
    #: SHA-256 of the key, hex: databases that compare without case still tell two keys apart
    key_hash = models.CharField(max_length=64)
    key = models.CharField(max_length=KEY_LENGTH)
    payload = models.TextField()
    created_at = models.DateTimeField()
    #: when it may be taken next: wanted so, put off after a failure, or the end of the present holder's lease
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often its body was begun.")
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.CharField(max_length=32, blank=True, help_text="The sweep that handed it over; empty: nobody.")
    done_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True, help_text="Given up; waits for a person.")
    last_error = models.CharField(max_length=ERROR_LENGTH, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "key_hash"], name="outbox_task_once")]
        indexes = [models.Index(fields=["done_at", "not_before"], name="outbox_due")]

    def __str__(self) -> str:
        return f"{self.task} {self.key}"


class BeatLease(models.Model):
    """One row: which beat fires the timed tasks. The fence grows with each holder, `renewed` while the holder lives."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    fence = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=80, blank=True, help_text="Empty: given back.")
    renewed = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"fence {self.fence} held by {self.holder or 'no one'}"


class TimedRun(models.Model):
    """When a timed task last ran, and for which slot."""

    task = models.CharField(primary_key=True, max_length=TASK_LENGTH)
    slot = models.CharField(max_length=KEY_LENGTH)
    ran_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.task} at {self.ran_at:%Y-%m-%d %H:%M:%S}"
