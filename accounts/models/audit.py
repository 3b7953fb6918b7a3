"""What did users do?"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from accounts.models.people import User


class AuditRows(models.QuerySet["AuditLog"]):
    """Rows that are only ever added."""

    def update(self, **_values: Any) -> int:
        raise TypeError("Audit rows are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")


class AuditLog(models.Model):
    """What was done, by whom, from where; never changed and never deleted.

    `user` is who acted, `resource_id` what it was done to. `before` and `after` hold what the deed changed, and only
    that; `details` the rest.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    resource = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    #: no foreign key: a row outlives its session, which is deleted some days after its end
    session_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip_address = models.GenericIPAddressField(null=True)
    timestamp = models.DateTimeField(default=timezone.now, db_index=True)

    objects = AuditRows.as_manager()

    def __str__(self) -> str:
        return f"{self.timestamp:%Y-%m-%d %H:%M:%S} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit rows are never changed.")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit rows are never deleted.")
