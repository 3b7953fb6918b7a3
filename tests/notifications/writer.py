# ruff: noqa: E402, T201 (a process of its own: it sets Django up before it imports models, and answers on its output)
"""A process that appends to streams: `python -m tests.notifications.writer DATABASE SEED TIMES STREAM…`.

It says `ready` and waits for a line, so that several begin together. One transaction in five is rolled back after it
took its numbers. The last line tells how many events were committed, by stream.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
database, seed, times, *streams = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
django.setup()

from django.db import transaction

from notifications.stream import append
from tests.notifications.streams import AT, event


class Regret(Exception):
    """The transaction is rolled back."""


def run(dice: random.Random) -> Counter[str]:
    written: Counter[str] = Counter()
    for _ in range(int(times)):
        chosen = [dice.choice(streams) for _ in range(dice.randint(1, 4))]
        try:
            with transaction.atomic():
                append([event(stream, data=json.dumps({"by": seed})) for stream in chosen], at=AT)
                if dice.random() < 0.2:
                    raise Regret
        except Regret:
            continue
        written.update(chosen)
    return written


print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(run(random.Random(seed))))
