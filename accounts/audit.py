"""How is a row added to the audit log? Inside the transaction of what it tells about, so that both stand or fall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.models import AuditLog
from tradingmw.correlation import current_request_id

Facts = Mapping[str, Any]


def audit(
    *,
    action: str,
    resource: str,
    resource_id: UUID | str = "",
    user_id: UUID | None = None,
    session_id: UUID | None = None,
    ip_address: str | None = None,
    before: Facts | None = None,
    after: Facts | None = None,
    details: Facts | None = None,
) -> None:
    """Record that `user_id` did `action` ("auth.login") to `resource` ("session"), in the request now being served.

    `session_id` is the session it was done in. `before` and `after` hold what was changed by it; none of them a secret.
    """
    AuditLog.objects.create(
        user_id=user_id,
        action=action,
        resource=resource,
        resource_id=str(resource_id)[:64],
        session_id=session_id,
        request_id=current_request_id(),
        ip_address=ip_address,
        before=dict(before or {}),
        after=dict(after or {}),
        details=dict(details or {}),
    )
