"""Is Celery a messenger and nothing more, on both brokers?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from notifications.models import OutboxTask
from notifications.outbox.watching import Watch
from tests.notifications.outbox.effects import owe
from tests.stack import ROOT
from tradingmw.celery import app, broker_settings, celery_app, hand_over
from tradingmw.env import env
from tradingmw.worker import DEAF_SECONDS, Unsound, guarding, sweeping

LEASE_SECONDS = 15.0


@pytest.fixture
def own_broker(tmp_path: Path) -> None:
    """What this process sends goes to a directory of the test."""
    app.conf.update(broker_settings(env().model_copy(update={"data_dir": tmp_path, "redis_url": ""})))


@pytest.mark.parametrize("redis_url", ["", "redis://127.0.0.1:6379/0"])
def test_it_repeats_nothing_keeps_nothing_and_reads_json_only(redis_url: str) -> None:
    conf = celery_app(env().model_copy(update={"redis_url": redis_url})).conf
    assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
    assert (conf.result_backend, conf.task_acks_late, conf.task_publish_retry) == (None, False, False)
    assert (conf.timezone, conf.enable_utc) == ("UTC", True)
    assert (conf.worker_pool, conf.worker_prefetch_multiplier) == ("threads", 1)


def test_installations_on_one_redis_server_do_not_take_each_others_messages() -> None:
    options = broker_settings(env().model_copy(update={"redis_url": "redis://127.0.0.1:6379/0"}))
    assert options["broker_transport_options"]["global_keyprefix"].startswith(env().redis_prefix())


def test_the_order_bridge_and_the_web_process_do_not_even_load_celery() -> None:
    program = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tradingmw.settings'; "
        "import django; django.setup(); import orders.bridge, tradingmw.asgi, sys; "
        "sys.exit(sum(name in sys.modules for name in ('celery', 'kombu')))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


@pytest.mark.django_db
def test_a_message_names_a_row_and_an_attempt_and_nothing_else(own_broker: None, tmp_path: Path) -> None:
    owe("tests.effect", "a", secret="of the payload")
    hand_over(OutboxTask.objects.get())
    (message,) = (tmp_path / "celery" / "outbox").iterdir()
    assert b"secret" not in message.read_bytes()


@pytest.mark.django_db
def test_a_worker_that_sends_and_hears_nothing_ends_itself(own_broker: None) -> None:
    clock = [0.0]
    watch = Watch(lambda: clock[0])
    owe("tests.effect", "a")
    for _ in range(2):
        sweeping(watch, LEASE_SECONDS)
        OutboxTask.objects.update(not_before=timezone.now())  # the lease ends, the message was lost
    clock[0] = DEAF_SECONDS + 1
    with pytest.raises(Unsound, match="none arrives"):
        sweeping(watch, LEASE_SECONDS)


@pytest.mark.django_db
def test_a_quiet_worker_is_not_taken_for_a_deaf_one(own_broker: None) -> None:
    clock = [0.0]
    watch = Watch(lambda: clock[0])
    clock[0] = 100 * DEAF_SECONDS
    owe("tests.effect", "a")
    sweeping(watch, LEASE_SECONDS)
    assert OutboxTask.objects.get().taken_by


def test_a_body_over_its_time_makes_a_worker_unsound() -> None:
    clock = [0.0]
    watch = Watch(lambda: clock[0])
    with watch.over("tests.effect", 10.0):
        guarding(watch)
        clock[0] = 11.0
        with pytest.raises(Unsound, match=r"over time: tests\.effect"):
            guarding(watch)
    guarding(watch)
