"""How does a change of somebody's rights by the staff come into the audit log? With what held before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from django.forms.models import model_to_dict
from django.http import HttpRequest

from accounts.audit import audit
from accounts.models import Entitlement, User

Told = Callable[[UUID], dict[str, Any]]
RIGHTS = ("is_active", "is_staff", "is_superuser")


def rights_told(user_id: UUID) -> dict[str, Any]:
    """Roles, desk, account and flags of the user as the database has them."""
    user = User.objects.select_related("desk", "account").filter(id=user_id).first()
    if user is None:
        return {}
    belongs = {"desk": user.desk and user.desk.name, "account": user.account and user.account.name}
    return {"roles": user.roles, **belongs, **{name: getattr(user, name) for name in RIGHTS}}


def entitlement_told(user_id: UUID) -> dict[str, Any]:
    """The user's attributes as the database has them; nothing where he has none."""
    row = Entitlement.objects.filter(user_id=user_id).first()
    return {} if row is None else {name: plain(value) for name, value in model_to_dict(row).items()}


def plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)


@contextmanager
def told_change(request: HttpRequest, action: str, told: Told, user_id: str | None) -> Iterator[None]:
    """What `told` of the user is another after the block is audited, and both stand or fall together."""
    subject = known_id(user_id)
    if request.method != "POST" or subject is None:
        yield
        return
    with transaction.atomic():
        before = told(subject)
        yield
        if (after := told(subject)) != before:
            audit(
                action=action,
                resource="user",
                resource_id=subject,
                user_id=request.user.pk,
                ip_address=request.META.get("REMOTE_ADDR"),
                before=before,
                after=after,
            )


def known_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
