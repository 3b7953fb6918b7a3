"""Does a copy of the whole database hold anything that opens?"""

from __future__ import annotations

import base64

import pytest
from django.db import connection

from accounts.factors.totp import Enrolment
from accounts.models import RecoverySet
from tests.scoreboard import Measured

pytestmark = pytest.mark.django_db


def test_no_seed_code_or_salt_is_readable_in_a_dump(app: Enrolment, recovery: list[str], measured: Measured) -> None:
    connection.ensure_connection()
    dump = "\n".join(connection.connection.iterdump()).lower()
    seed = base64.b32decode(app.secret)
    secrets = [app.secret, seed.hex(), base64.b64encode(seed).decode(), RecoverySet.objects.get().salt, app.uri]
    secrets += [form for code in recovery for form in (code, code.replace("-", ""))]
    found = [secret for secret in secrets if secret.lower() in dump]
    measured(32, f"seeds, codes and salts readable in a dump of the database, of {len(secrets)}", len(found), "0")
    assert found == []
    assert app.factor.id.hex in dump  # what was looked through is the database
