"""How does the feed bridge run in its bench? Itself, in a process of its own, without a database to store the table in.

    TMW_…=… python -m bench.feed_process

Says `started`, and ends with standard input.
"""

from __future__ import annotations

import json
import os
import sys
import threading

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
django.setup()

from marketdata.feed import FeedBridge  # noqa: E402
from tradingmw.env import env  # noqa: E402
from tradingmw.garbage import collect_seldom  # noqa: E402


def keep_nowhere(**_table: object) -> None:
    """The bench is not about the database."""


def main() -> None:
    stop = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=listen, daemon=True).start()
    print(json.dumps({"event": "started"}), flush=True)
    collect_seldom()  # as `manage.py bridge` does
    FeedBridge(env(), store=keep_nowhere).run(stop)


if __name__ == "__main__":
    main()
