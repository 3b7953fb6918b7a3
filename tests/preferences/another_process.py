# ruff: noqa: E402, T201 (a process of its own: it sets Django up before it imports models, and answers on its output)
"""A process that reads a user's watchlists as REST shows them: `python -m tests.preferences.another_process DATABASE
USERNAME`."""

from __future__ import annotations

import json
import os
import sys

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
database, username = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
settings.ALLOWED_HOSTS = ["testserver"]
django.setup()

from rest_framework.test import APIClient

from accounts.models import User

WATCHLISTS = "/api/v1/me/watchlists"
client = APIClient()
client.force_authenticate(User.objects.get(username=username))
found = client.get(WATCHLISTS).json()["items"]
print(json.dumps([client.get(f"{WATCHLISTS}/{each['id']}").json() for each in found]))
