"""A process of its own that logs the demo's people in to a stack, each with a second factor proven just now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import django
from django.utils import timezone

from tests.accounts.signatures.program import Program

NAMES = ("trader1", "trader2", "desk1", "compliance1", "admin1")
MARKED = "marked"  #: a trader of the desk `alpha` whose orders need an approval
SIGNING = "signing"  #: of compliance, who must sign


def staff_tokens(data_dir: Path) -> dict[str, str]:
    """An access token for each of `NAMES`, `MARKED` and `SIGNING`; of the last one's key `key` and `private`."""
    environment = {**os.environ, "TMW_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "tradingmw.settings"}
    told = subprocess.run([sys.executable, "-m", __name__], env=environment, capture_output=True, check=True, text=True)
    found: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return found


def made() -> dict[str, str]:
    from accounts.models import Account, Desk, Entitlement, Method, User  # noqa: PLC0415  # Django is not set up before
    from accounts.policy import Role  # noqa: PLC0415
    from accounts.rights import rights_of  # noqa: PLC0415
    from accounts.services import Client, session_begin  # noqa: PLC0415
    from accounts.signatures.services import key_create  # noqa: PLC0415
    from tests.roles import in_roles  # noqa: PLC0415

    def person(name: str, role: Role, desk: Desk | None = None) -> User:
        account = Account.objects.create(name=name, desk=desk)
        email = f"{name}@desk.example"
        return in_roles(User.objects.create(username=name, email=email, desk=desk, account=account), role)

    marked, signing = person(MARKED, Role.TRADER, Desk.objects.get(name="alpha")), person(SIGNING, Role.COMPLIANCE)
    Entitlement.objects.create(user=marked, needs_approval=True)
    people = [*(User.objects.get(username=name) for name in NAMES), marked, signing]
    here = Client("127.0.0.1", "limits")
    begun = {user.username: session_begin(user=user, client=here, method=Method.TOTP) for user in people}
    program, later = Program(), timezone.now() + timedelta(days=1)
    given = {"name": "bot", "scopes": ["self.read"], "public_key": program.public_key, "expires_at": later}
    key = key_create(session=begun[SIGNING].session, rights=rights_of(signing), client=here, **given)
    Entitlement.objects.create(user=signing, signed_above=0)
    tokens = {name: pair.access_token for name, pair in begun.items()}
    return {**tokens, "key": str(key.id), "private": program.private_bytes.hex()}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(made()))  # noqa: T201
