"""With what beside his password does a user prove who he is, and how often was it guessed?"""

from __future__ import annotations

import uuid
from enum import StrEnum

from django.db import models
from django.utils import timezone

from accounts.models.people import User
from accounts.models.sessions import Session
from tradingmw.sealed import SealedField

NAME_CHARACTERS = 60


class Method(StrEnum):
    """A way to prove it; sessions keep the ones that were used."""

    TOTP = "totp"
    RECOVERY = "recovery"
    WEBAUTHN = "webauthn"


class TotpFactor(models.Model):
    """An authenticator app that shares a seed with us. It counts once a code of it was shown (`confirmed_at`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="totp_factors")
    name = models.CharField(max_length=NAME_CHARACTERS)
    seed = SealedField()  #: base32, 160 bits
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)  #: of the last code taken: no code of it or before is taken again
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class RecoverySet(models.Model):
    """The recovery codes that a user has now; a new set takes the place of the old one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="recovery_set")
    salt = SealedField()  #: 256 bits, hex; without it the hashes of the codes say nothing
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"recovery codes of {self.user_id}"


class RecoveryCode(models.Model):
    """One code that opens once; only its keyed hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    set = models.ForeignKey(RecoverySet, on_delete=models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["set", "code_hash"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"a code of {self.set_id}"


class Passkey(models.Model):
    """A WebAuthn credential: the public half of a key that never leaves the user's device."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=NAME_CHARACTERS)
    credential_id = models.TextField()  #: base64url; up to 1,023 bytes, too long for an index
    credential_hash = models.CharField(max_length=64, unique=True)  #: SHA-256 of its bytes, hex
    public_key = models.TextField()  #: COSE, base64url
    sign_count = models.BigIntegerField()  #: the highest that the device has said; 0 where it does not count
    transports = models.CharField(max_length=100, blank=True)  #: hints for the browser, spaces between
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Purpose(StrEnum):
    """What a challenge may be answered for."""

    REGISTER = "register"
    LOGIN = "login"
    STEP_UP = "step_up"


class PasskeyChallenge(models.Model):
    """What a device must sign, once and soon. Found by the hash of a handle that only its asker has."""

    handle_hash = models.CharField(primary_key=True, max_length=64)
    purpose = models.CharField(max_length=10)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    #: the one that asked; None for a login, which has none yet
    session = models.ForeignKey(Session, null=True, on_delete=models.CASCADE, related_name="+")
    challenge = models.CharField(max_length=64)  #: 32 bytes, hex
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} of {self.user_id}"


class FactorGuesses(models.Model):
    """How often in a row codes of one kind were wrong for a user, and until when none is looked at."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=10)
    wrong = models.IntegerField(default=0)
    closed_until = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "method"], name="factor_guesses_once")]

    def __str__(self) -> str:
        return f"{self.wrong} wrong {self.method} codes of {self.user_id}"
