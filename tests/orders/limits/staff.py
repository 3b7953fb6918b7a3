"""A process of its own that logs the demo's people in to a stack, each with a second factor proven just now."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import django

NAMES = ("trader1", "trader2", "desk1", "compliance1", "admin1")
MARKED = "marked"  #: a trader of the desk `alpha` whose orders need an approval


def staff_tokens(data_dir: Path) -> dict[str, str]:
    """An access token for each of `NAMES`, and for `MARKED`."""
    environment = {**os.environ, "TMW_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "tradingmw.settings"}
    told = subprocess.run([sys.executable, "-m", __name__], env=environment, capture_output=True, check=True, text=True)
    found: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return found


def made() -> dict[str, str]:
    from accounts.models import Account, Desk, Entitlement, Method, User  # noqa: PLC0415  # Django is not set up before
    from accounts.policy import Role  # noqa: PLC0415
    from accounts.services import Client, session_begin  # noqa: PLC0415
    from tests.roles import in_roles  # noqa: PLC0415

    desk = Desk.objects.get(name="alpha")
    account = Account.objects.create(name=MARKED, desk=desk)
    user = User.objects.create(username=MARKED, email=f"{MARKED}@desk.example", desk=desk, account=account)
    Entitlement.objects.create(user=in_roles(user, Role.TRADER), needs_approval=True)
    people = [User.objects.get(username=name) for name in (*NAMES, MARKED)]
    here = Client("127.0.0.1", "limits")
    return {user.username: session_begin(user=user, client=here, method=Method.TOTP).access_token for user in people}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(made()))  # noqa: T201
