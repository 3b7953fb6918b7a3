"""How is a row added to the audit log? Inside the transaction of what it tells about, so that both stand or fall."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.models import AuditLog


def audit(
    *,
    action: str,
    resource: str,
    resource_id: UUID | str = "",
    user_id: UUID | None = None,
    ip_address: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Record `action` ("auth.login") on `resource` ("session"); `details` hold no secret."""
    AuditLog.objects.create(
        user_id=user_id,
        action=action,
        resource=resource,
        resource_id=str(resource_id)[:64],
        ip_address=ip_address,
        details=details or {},
    )
