"""What opens when phone and key are lost? Ten codes on paper, each once.

A code has 80 bits, so it need not be slow to check. Kept is its HMAC under a salt of 256 bits that is itself sealed: a
copy of the database holds nothing that guesses could be tried against.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from accounts.factors.refused import Refused
from accounts.models import RecoveryCode, RecoverySet, User
from tradingmw.errors import Code, Conflict

CODES: Final = 10
CODE_BYTES: Final = 10
GROUP: Final = 4


def recovery_make(user: User, now: datetime) -> list[str]:
    """New codes, told this once; those before them are void. Conflict where another request makes some right now."""
    codes = [code_make() for _ in range(CODES)]
    try:
        with transaction.atomic():
            RecoverySet.objects.filter(user=user).delete()
            salt = secrets.token_hex(32)
            made = RecoverySet.objects.create(user=user, salt=salt, created_at=now)
            RecoveryCode.objects.bulk_create(RecoveryCode(set=made, code_hash=code_hash(salt, code)) for code in codes)
    except IntegrityError as error:
        raise Conflict("New codes are being made right now.", code=Code.QUOTA_REACHED) from error
    return codes


def code_make() -> str:
    """`abcd-efgh-ijkl-mnop`, of 80 random bits."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def code_hash(salt: str, code: str) -> str:
    """The same however it is written: in capitals, without dashes, with spaces."""
    plain = "".join(code.split()).replace("-", "").lower()
    return hmac.new(bytes.fromhex(salt), plain.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def recovery_take(user: User, code: str, now: datetime) -> None:
    """Use `code` up; Refused where it is none of the user's, or used. Of many at once one wins."""
    mine = RecoverySet.objects.filter(user=user).first()
    if mine is None:
        raise Refused("no recovery codes")
    kept = RecoveryCode.objects.filter(set_id=mine.id, code_hash=code_hash(mine.salt, code))
    if not kept.filter(used_at=None).update(used_at=now):
        raise Refused("recovery code used before" if kept.exists() else "wrong recovery code")


def recovery_left(user: User) -> int:
    return RecoveryCode.objects.filter(set__user=user, used_at=None).count()
