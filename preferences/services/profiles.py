"""How does a user change what he tells about himself, and the settings of his screens?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from preferences.documents import Document
from preferences.models import UserProfile


def profile_change(*, user_id: UUID, **changes: Any) -> UserProfile:
    """`changes`: full_name, contact_number, timezone. The profile is made where there is none."""
    profile, _ = UserProfile.objects.update_or_create(user_id=user_id, defaults=changes)
    return profile


def preferences_replace(*, user_id: UUID, document: Document) -> None:
    UserProfile.objects.update_or_create(user_id=user_id, defaults={"preferences": document.column})
