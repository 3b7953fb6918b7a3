"""Can the staff see what the outbox owes, and have a parked task tried again?"""

from __future__ import annotations

from collections import Counter

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications.models import OutboxTask
from tests.notifications.outbox.effects import owe

pytestmark = pytest.mark.django_db
PAGE = "/admin/notifications/outboxtask/"


@pytest.fixture
def staff() -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.create_superuser("root", "root@example.com", "correct horse battery"))
    return client


def try_again(staff: Client, *keys: str) -> None:
    ids = [str(row.pk) for row in OutboxTask.objects.filter(key__in=keys)]
    answer = staff.post(PAGE, {"action": "try_again", "_selected_action": ids})
    assert answer.status_code == 302


def test_the_outbox_is_shown_and_never_edited(staff: Client) -> None:
    owe("tests.effect", "a")
    assert b"tests.effect" in staff.get(PAGE).content
    row = OutboxTask.objects.get()
    staff.post(f"{PAGE}{row.pk}/change/", {"task": "another"})
    assert staff.get(f"{PAGE}add/").status_code == 403
    assert staff.post(f"{PAGE}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert OutboxTask.objects.get().task == "tests.effect"


def test_a_parked_task_is_tried_again_and_a_done_one_is_not(staff: Client) -> None:
    now = timezone.now()
    for key in ("parked", "done"):
        owe("tests.effect", key)
    OutboxTask.objects.filter(key="parked").update(parked_at=now, attempts=10)
    OutboxTask.objects.filter(key="done").update(done_at=now, attempts=1)
    try_again(staff, "parked", "done")
    assert Counter(OutboxTask.objects.values_list("key", "attempts", "parked_at")) == Counter(
        [("parked", 0, None), ("done", 1, None)]
    )
