# ruff: noqa: E402, T201 (a process of its own: it sets Django up before it imports models, and answers on its output)
"""A process that guesses: its arguments are database, user, code, how often and when; it prints what came of it."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from datetime import datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from django.conf import settings
from django.db import connection

from accounts.factors.otp import WrongCode, otp_take
from accounts.models import User
from tradingmw.errors import TooManyRequests


def outcome(user: User, code: str, at: datetime) -> str:
    try:
        otp_take(user, code, at)
    except WrongCode:
        return "wrong"
    except TooManyRequests:
        return "locked"
    return "taken"


def main(database: str, user_id: str, code: str, times: str, at: str) -> None:
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = database
    user = User.objects.get(id=user_id)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(Counter(outcome(user, code, datetime.fromisoformat(at)) for _ in range(int(times)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
