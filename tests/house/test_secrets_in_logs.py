"""Would a secret in a log of a stack be found, whichever it is, and is nothing else taken for one?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils.crypto import get_random_string
from rest_framework_simplejwt.tokens import AccessToken

from accounts.credentials import RefreshToken, digest, ticket_make
from accounts.factors.recovery import code_make
from accounts.factors.totp import otpauth
from tests.scoreboard import Measured
from tests.secrets_in_logs import DEMO_PASSWORD, Found, assert_no_secrets, secrets_in_logs

ENVIRONMENT = {"TMW_SMTP_PASSWORD": "for-the-mail", "TMW_REDIS_URL": "redis://:for-redis-7@host:6379/0"}
CURVE, SIGNING = "q?mJ=)r#%FT^n4H!moyVz[>r5y/!mAVNM[(j98OJ", "dKPGs5F4fpTtdyc4--EQdKPGs5F4fpTtdyc4--EQ"
TICKET, REFRESH = ticket_make(), RefreshToken.first(uuid4()).text()
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PLANTED = {
    "a demo password": DEMO_PASSWORD,
    "a password of a setting": "for-the-mail",
    "a password within a URL": "for-redis-7",
    "a CURVE key": CURVE,
    "the signing key": SIGNING,
    "a ticket": TICKET,
    "a ticket in a URL": f"GET /ws/v1/market?ticket={get_random_string(43)} 101",
    "a refresh token": REFRESH,
    "an access token": str(AccessToken()),
    "a seed": SEED,
    "a QR code": otpauth("ann", SEED),
    "a recovery code": code_make(),
    "a private key": "-----BEGIN PRIVATE KEY-----",
}
HARMLESS = [
    f"order {uuid4()} of trader1 was refused, request {uuid4().hex}",
    f"at {datetime.now(UTC).isoformat()} from 127.0.0.1: POST /api/v1/auth/ws-ticket 200, symbols=AAPL,MSFT",
    "GET /ws/v1/market?ticket=*** closed with 4500, password=[hidden]",
    f"digest {digest(TICKET)} of 64 digits",
    "SIGNATURE_REQUIRED TMW_HUB_FLUSH_MS MFA_ENROLMENT_REQUIRED one-time-code",
]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """With keys, and a database that knows one ticket and one session."""
    for name, text in {"keys/web.secret": CURVE, "secrets/django.key": SIGNING}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    with closing(sqlite3.connect(tmp_path / "tradingmw.sqlite3")) as database, database:
        database.execute("CREATE TABLE accounts_socketticket (ticket_hash)")
        database.execute("CREATE TABLE accounts_session (refresh_hash, previous_refresh_hash)")
        database.execute("INSERT INTO accounts_socketticket VALUES (?)", [digest(TICKET)])
        database.execute("INSERT INTO accounts_session VALUES ('', ?)", [digest(REFRESH)])
    return tmp_path


def found_in(data_dir: Path, *lines: str) -> list[Found]:
    (data_dir / "up.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return list(secrets_in_logs(data_dir, ENVIRONMENT))


def test_every_kind_of_secret_is_found_and_its_line_named(data_dir: Path, measured: Measured) -> None:
    lines = {what: found_in(data_dir, *HARMLESS, f"web | INFO {text}") for what, text in PLANTED.items()}
    overlooked = [what for what, found in lines.items() if not found]
    measured(34, f"secrets overlooked in a log, of {len(PLANTED)} kinds that were planted", len(overlooked), "0")
    assert overlooked == []
    assert {found.line for several in lines.values() for found in several} == {len(HARMLESS) + 1}


def test_what_looks_alike_is_none(data_dir: Path) -> None:
    assert found_in(data_dir, *HARMLESS) == []
    assert_no_secrets(data_dir, ENVIRONMENT)


def test_the_message_does_not_hold_the_secret(data_dir: Path) -> None:
    (data_dir / "up.log").write_text(f"logged in with {DEMO_PASSWORD}\n")
    with pytest.raises(AssertionError) as caught:
        assert_no_secrets(data_dir, ENVIRONMENT)
    assert "up.log" in str(caught.value) and DEMO_PASSWORD not in str(caught.value)


def test_a_database_that_a_test_has_broken_hides_nothing_else(data_dir: Path) -> None:
    (data_dir / "tradingmw.sqlite3").write_bytes(b"no database")
    assert found_in(data_dir, DEMO_PASSWORD) == [Found("up.log", 1, "a key or password")]
