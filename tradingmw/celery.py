"""How is Celery set up? A messenger for the outbox: one task, no results, JSON only, acknowledged on receipt.

`manage.py worker` and `manage.py beat` run it; so do `celery -A tradingmw worker` and `celery -A tradingmw beat`.
Orders never travel here.
"""

from __future__ import annotations

import logging
import os
from typing import Any
from uuid import UUID

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingmw.settings")
if not apps.ready:
    django.setup()

from celery import Celery
from celery.signals import setup_logging
from django.db import close_old_connections
from django.utils.module_loading import autodiscover_modules, import_string

from notifications.models import OutboxTask
from notifications.outbox.running import run_task
from notifications.outbox.sweeping import LEASE_SECONDS
from notifications.outbox.watching import Watch
from tradingmw import file_broker
from tradingmw.env import Env, env

QUEUE = "outbox"
POLL_SECONDS = 0.05
CONCURRENCY = 4
BROKER_TIMEOUT_SECONDS = 3.0
REDIS_SETTINGS = "tradingmw.redis_broker.redis_settings"  #: imported where it is used
LEASE_SETTING = "outbox_lease_seconds"


def broker_settings(env: Env) -> dict[str, Any]:
    """Files in the data directory, or Redis where one is set."""
    if env.redis_url:
        found: dict[str, Any] = import_string(REDIS_SETTINGS)(env.redis_url, env.redis_prefix(), BROKER_TIMEOUT_SECONDS)
        return found
    directory = env.data_dir / "celery"
    return {
        "broker_url": f"{file_broker.SCHEME}://localhost",
        "broker_transport_options": {"directory": str(directory), "polling_interval": POLL_SECONDS},
    }


def celery_app(env: Env) -> Celery:
    # Without Celery's own treatment of Django: it checks the whole project at each start.
    made = Celery("tradingmw", fixups=[])
    made.conf.update(
        **broker_settings(env),
        enable_utc=True,
        timezone="UTC",
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=False,  # the outbox repeats what is lost; nothing is to be repeated by the broker
        task_publish_retry=False,  # nor by the sweeper's call
        broker_connection_timeout=BROKER_TIMEOUT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_pool="threads",  # Windows has no fork
        worker_concurrency=CONCURRENCY,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_enable_remote_control=False,  # files know no fanout; the canary tells what a ping would
        beat_enable_remote_control=False,
        beat_scheduler="tradingmw.beat:OutboxScheduler",
        **{LEASE_SETTING: LEASE_SECONDS},
    )
    made.steps["worker"].add("tradingmw.worker:OutboxStep")
    return made


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Celery sets up no logging where somebody answers this signal: ours stays, without two lines for each message."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


app = celery_app(env())
WATCH = Watch()
autodiscover_modules("tasks")


@app.task(name="outbox.run")
def outbox_run(row_id: str, attempt: int) -> str:
    """One delivery. Copies of it, and deliveries out of date, do nothing."""
    close_old_connections()
    return run_task(UUID(row_id), attempt, WATCH)


def hand_over(row: OutboxTask) -> None:
    """Send the next attempt of `row` on its way; raises what the broker raises."""
    outbox_run.apply_async((row.id.hex, row.attempts + 1))
