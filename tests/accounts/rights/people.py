"""A process of its own that makes a user per role in a stack's database, and prints an access token for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.utils import timezone

from tests.accounts.signatures.program import Program

SPARES = 40


def tokens(data_dir: Path) -> dict[str, str]:
    """By role, and `none` for a user without one, and of each a second one `…-socket`. They share the desk `alpha`.

    Besides `key_id`, `notification_id`, `limit_id` and `user_id` of trader2, a `program` of trader1 with its `private`
    key, and `spares`: tokens of users whom nobody else needs, with spaces between.
    """
    environment = {**os.environ, "TMW_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "tradingmw.settings"}
    told = subprocess.run([sys.executable, "-m", __name__], env=environment, capture_output=True, check=True, text=True)
    found: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return found


def foreign(user: Any) -> dict[str, str]:
    """What of `user` no REST call of his makes: a key, a notification, and a limit, which the demo has."""
    from accounts.models import ApiKey  # noqa: PLC0415
    from notifications.models import Notification  # noqa: PLC0415
    from orders.models import RiskLimit  # noqa: PLC0415

    later = timezone.now() + timedelta(days=1)
    key = ApiKey.objects.create(user=user, name="bot", public_key="A" * 43 + "=", expires_at=later)
    notification = Notification.objects.create(user=user, type="alert", title="Mine", message="Mine")
    limit = RiskLimit.objects.filter(subject=user).earliest("proposed_at")
    made = {"key_id": key.id, "notification_id": notification.id, "limit_id": limit.id, "user_id": user.id}
    return {name: str(each) for name, each in made.items()}


def program_of(user: Any) -> dict[str, str]:
    """A key that may place orders for `user`: its id, and its private half in hexadecimal."""
    from accounts.models import Method  # noqa: PLC0415
    from accounts.rights import rights_of  # noqa: PLC0415
    from accounts.services import Client, session_begin  # noqa: PLC0415
    from accounts.signatures.services import key_create  # noqa: PLC0415

    program, here = Program(), Client("127.0.0.1", "rights")
    key = key_create(
        session=session_begin(user=user, client=here, method=Method.TOTP).session,
        rights=rights_of(user),
        client=here,
        name="bot",
        scopes=["orders.place", "orders.read_own"],
        public_key=program.public_key,
        expires_at=timezone.now() + timedelta(days=1),
    )
    return {"program": str(key.id), "private": program.private_bytes.hex()}


def bound_token() -> str:
    """Of a user whose market data is that of XNYS."""
    from accounts.models import Entitlement, User  # noqa: PLC0415
    from accounts.policy import Role  # noqa: PLC0415
    from accounts.services import Client, session_begin  # noqa: PLC0415
    from tests.roles import in_roles  # noqa: PLC0415

    user = in_roles(User.objects.create(username="bound", email="bound@desk.example"), Role.READ_ONLY)
    Entitlement.objects.create(user=user, data_exchanges="XNYS")
    return session_begin(user=user, client=Client("127.0.0.1", "rights")).access_token


def spare_tokens() -> str:
    from accounts.models import User  # noqa: PLC0415
    from accounts.policy import Role  # noqa: PLC0415
    from accounts.services import Client, session_begin  # noqa: PLC0415
    from tests.roles import in_roles  # noqa: PLC0415

    names = [f"spare-{number}" for number in range(SPARES)]
    users = [in_roles(User.objects.create(username=name, email=f"{name}@desk.example"), Role.TRADER) for name in names]
    return " ".join(session_begin(user=user, client=Client("127.0.0.1", "rights")).access_token for user in users)


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
    one, two = (User.objects.get(username=name) for name in ("trader1", "trader2"))
    return {**found, **foreign(two), **program_of(one), "bound": bound_token(), "spares": spare_tokens()}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(made()))  # noqa: T201
