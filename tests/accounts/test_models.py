"""Is the audit log only ever added to, and are names that are compared in lower case?"""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.audit import audit
from accounts.models import AuditLog, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(trader: User) -> AuditLog:
    audit(action="test.done", resource="test", resource_id="x" * 100, user_id=trader.id, details={"a": 1})
    return AuditLog.objects.get()


def test_an_audit_row_is_never_changed(row: AuditLog) -> None:
    row.action = "something.else"
    with pytest.raises(TypeError):
        row.save()
    with pytest.raises(TypeError):
        AuditLog.objects.update(action="something.else")
    assert AuditLog.objects.get().action == "test.done"


def test_an_audit_row_is_never_deleted(row: AuditLog) -> None:
    with pytest.raises(TypeError):
        row.delete()
    with pytest.raises(TypeError):
        AuditLog.objects.all().delete()
    assert AuditLog.objects.exists()


def test_who_did_something_is_not_deleted(row: AuditLog, trader: User) -> None:
    with pytest.raises(ProtectedError):
        trader.delete()


def test_a_failed_write_takes_its_audit_row_with_it(trader: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        audit(action="test.done", resource="test")
        User.objects.create(username=trader.username, email="b@example.com")
    assert not AuditLog.objects.exists()


def test_names_are_kept_in_lower_case() -> None:
    user = User(username="Trader9", email="Trader9@Example.com")
    user.clean()
    assert (user.username, user.email) == ("trader9", "trader9@example.com")
