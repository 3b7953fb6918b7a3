"""What follows a firing: one stored notification, its event, and a mail at a real server."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from notifications.alerts.delivery import MAIL, TELL
from notifications.alerts.firing import alert_fire
from notifications.alerts.selectors import armed
from notifications.mail import mail_send, message_id
from notifications.models import Notification, OutboxTask, StreamEvent
from notifications.outbox.registry import task_named
from notifications.outbox.running import Outcome, run_task
from notifications.outbox.watching import Watch
from tests.notifications.alerts.market import made
from tests.smtp_server import SmtpServer
from tradingmw.scaled import to_e8


@pytest.fixture
def smtp(settings: Any) -> Iterator[SmtpServer]:
    server = SmtpServer()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.DEFAULT_FROM_EMAIL = "alerts@desk.example"
    yield server
    server.close()


def fire(user: User, condition: str = "above", note: str = "") -> None:
    alert = made(user, condition, "100", note=note)
    assert alert_fire(armed(alert), to_e8("101"), at=timezone.now())


def run(task: str) -> Outcome:
    """The next attempt at the task's only row."""
    row = OutboxTask.objects.get(task=task)
    return run_task(row.id, row.attempts + 1, Watch())


@pytest.mark.django_db(transaction=True)
def test_the_user_is_told_once_however_often_the_task_is_delivered(ann: User, smtp: SmtpServer) -> None:
    fire(ann, note="sell half")
    row = OutboxTask.objects.get(task=TELL)
    assert [run_task(row.id, attempt, Watch()) for attempt in (1, 1, 2)] == [Outcome.DONE] + [Outcome.NOTHING_TO_DO] * 2
    notification = Notification.objects.get(user=ann)
    assert (notification.type, notification.title) == ("alert", "AAPL rose above 100")
    assert notification.message == "AAPL traded at 101.\nsell half"
    assert notification.metadata["alertId"] == json.loads(row.payload)["alert"]["id"]
    event = StreamEvent.objects.get(channel="notifications")
    assert (event.kind, json.loads(event.data)["id"]) == ("notification_created", str(notification.id))
    assert OutboxTask.objects.filter(task=MAIL).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_mail_goes_to_the_user_under_a_name_of_its_own(ann: User, smtp: SmtpServer) -> None:
    fire(ann, condition="below", note="sell half")
    run(TELL)
    assert run(MAIL) is Outcome.DONE
    (mail,) = smtp.mails
    assert smtp.recipients == ["ann@desk.example"]
    assert (mail["To"], mail["From"]) == ("ann@desk.example", "alerts@desk.example")
    assert mail["Subject"] == "AAPL fell below 100"
    assert "sell half" in str(mail.get_payload())
    assert mail["Message-ID"] == message_id(f"{MAIL}:{OutboxTask.objects.get(task=MAIL).key}")


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_refused_is_tried_again(ann: User, smtp: SmtpServer) -> None:
    fire(ann)
    run(TELL)
    smtp.refusals = 1
    assert run(MAIL) is Outcome.PUT_OFF
    assert smtp.mails == []
    assert run(MAIL) is Outcome.DONE
    assert len(smtp.mails) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_whose_acceptance_was_not_heard_is_repeated_under_the_same_name(ann: User, smtp: SmtpServer) -> None:
    fire(ann)
    run(TELL)
    smtp.hang_up_after_data = 1
    assert [run(MAIL), run(MAIL)] == [Outcome.PUT_OFF, Outcome.DONE]
    assert len(smtp.ids()) == 2
    assert len(set(smtp.ids())) == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_mail_server_the_notification_says_so(ann: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    fire(ann)
    run(TELL)
    assert Notification.objects.get(user=ann).metadata["email"] == "off"
    assert not OutboxTask.objects.filter(task=MAIL).exists()


@pytest.mark.django_db(transaction=True)
def test_who_has_no_address_is_told_without_a_mail(ann: User, smtp: SmtpServer) -> None:
    User.objects.filter(id=ann.id).update(email="")
    fire(ann)
    run(TELL)
    assert Notification.objects.get(user=ann).metadata["email"] == "no_address"
    assert not OutboxTask.objects.filter(task=MAIL).exists()


@pytest.mark.django_db(transaction=True)
def test_a_user_who_is_gone_is_told_nothing(ann: User) -> None:
    fire(ann)
    ann.delete()
    assert run(TELL) is Outcome.DONE
    assert not Notification.objects.exists()


def test_a_server_that_is_away_is_an_error_that_the_outbox_sees(settings: Any) -> None:
    server = SmtpServer()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    server.close()
    with pytest.raises((OSError, smtplib.SMTPException)):
        mail_send(key="k", to="ann@desk.example", subject="s", text="t")


@pytest.mark.parametrize("task", [TELL, MAIL])
def test_the_worker_knows_the_tasks(task: str) -> None:
    known: Any = task_named(task)
    assert known.body.__module__ == "notifications.alerts.delivery"
