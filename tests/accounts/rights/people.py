"""A process of its own that makes a user per role in a stack's database, and prints an access token for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import django


def tokens(data_dir: Path) -> dict[str, str]:
    """By role, and `none` for a user without one, and of each a second one `…-socket`. They share the desk `alpha`."""
    environment = {**os.environ, "TMW_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "tradingmw.settings"}
    told = subprocess.run([sys.executable, "-m", __name__], env=environment, capture_output=True, check=True, text=True)
    found: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return found


def made() -> dict[str, str]:
    from accounts.models import Account, Desk, User  # noqa: PLC0415  # Django is not set up before
    from accounts.policy import Role  # noqa: PLC0415
    from accounts.services import Client, session_begin  # noqa: PLC0415
    from tests.roles import in_roles  # noqa: PLC0415

    desk = Desk.objects.get(name="alpha")
    found = {}
    for role in ("none", *Role):
        for name in (str(role), f"{role}-socket"):  # two users: one ends all his sessions on the way
            account = Account.objects.create(name=f"only-{name}", desk=desk)
            email = f"{name}@desk.example"
            user = User.objects.create(username=f"only-{name}", email=email, desk=desk, account=account)
            in_roles(user, *([role] if isinstance(role, Role) else []))
            found[name] = session_begin(user=user, client=Client("127.0.0.1", "rights")).access_token
    return found


if __name__ == "__main__":
    django.setup()
    print(json.dumps(made()))  # noqa: T201
