"""Which second factors does a user have?"""

from __future__ import annotations

from accounts.factors.recovery import recovery_left
from accounts.models import Method, Passkey, TotpFactor, User


def methods_of(user: User) -> list[Method]:
    """What he can prove himself with, beside the password; empty where he has set nothing up."""
    methods = []
    if totp_of(user):
        methods.append(Method.TOTP)
    if Passkey.objects.filter(user=user).exists():
        methods.append(Method.WEBAUTHN)
    if methods and recovery_left(user):
        methods.append(Method.RECOVERY)
    return methods


def totp_of(user: User) -> list[TotpFactor]:
    """His apps, those that count."""
    confirmed = TotpFactor.objects.filter(user=user, confirmed_at__isnull=False)
    return list(confirmed.order_by("created_at", "id"))
