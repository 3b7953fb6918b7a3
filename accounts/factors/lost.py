"""What is done for a user who has lost phone, key and codes? Staff take all his second factors away.

From then on his password alone lets him in, so staff must know that it is he who asks. He is told, in case it was not.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.client import Client
from accounts.factors.enrolled import methods_of
from accounts.models import FactorGuesses, Passkey, PasskeyChallenge, RecoverySet, TotpFactor, User
from accounts.notices import Notice, notice_give
from accounts.services import sessions_end_all
from tradingmw.errors import Forbidden

KEPT = (PasskeyChallenge, Passkey, TotpFactor, RecoverySet, FactorGuesses)  #: all that is kept of a user's factors


@transaction.atomic
def factors_take_away(*, user: User, client: Client, by: UUID) -> int:
    """Every second factor of `user`, and every session of his ends: how many. Forbidden for one's own."""
    if user.id == by:
        raise Forbidden("Nobody takes away his own second factors here: that is done in the terminal.")
    before = told(user)
    for kind in KEPT:
        kind._default_manager.filter(user=user).delete()
    audit(
        action="user.factors_taken_away",
        resource="user",
        resource_id=user.id,
        user_id=by,
        ip_address=client.ip_address,
        before=before,
        after=told(user),
    )
    ended = sessions_end_all(user=user, client=client, reason="factors_taken_away", by=by)
    notice_give(Notice.FACTORS_TAKEN_AWAY, user_id=user.id, at=timezone.now())
    return ended


def told(user: User) -> dict[str, Any]:
    """What he can prove himself with, and the names that he gave."""
    named = {"apps": TotpFactor.objects.filter(user=user), "passkeys": Passkey.objects.filter(user=user)}
    names = {what: list(rows.order_by("name").values_list("name", flat=True)) for what, rows in named.items()}
    return {"methods": [method.value for method in methods_of(user)], **names}
