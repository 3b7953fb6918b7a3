"""Does a log hold a secret? Every stack that a test starts has its logs searched when it ends.

What is secret is known in four ways: by the files in which the data directory keeps its keys, by the settings that name
a password, by the passwords that tests log in with, and by its look (a JWT, a seed, a recovery code, a parameter that
names a ticket). And whatever is as long as a token of ours is hashed, and looked for among the hashes that the
database keeps of refresh tokens and tickets.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

DEMO_PASSWORD = "demo-Passw0rd!"
SHORTEST = 8  #: what is shorter stands everywhere by chance
LOOKS = {
    "a JWT": re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),
    "a seed": re.compile(rb"otpauth://|\b[A-Z2-7]{32}\b"),
    "a recovery code": re.compile(rb"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b"),
    "a token in a URL": re.compile(rb"[?&](?:ticket|token|access_token|accessToken|password)=[^\s&\"'*]{8,}"),
    "a private key": re.compile(rb"BEGIN [A-Z ]*PRIVATE KEY"),
}
LONG_WORD = re.compile(rb"[\w-]{43,}")
KEPT_HASHES = (
    "SELECT ticket_hash FROM accounts_socketticket",
    "SELECT refresh_hash FROM accounts_session",
    "SELECT previous_refresh_hash FROM accounts_session",
)


class Found(NamedTuple):
    """Where a secret stands, and of which kind it is: never the secret."""

    log: str
    line: int
    kind: str


def assert_no_secrets(data_dir: Path, environment: Mapping[str, str] | None = None) -> None:
    """AssertionError that names each secret in a log of this data directory by its place."""
    found = list(secrets_in_logs(data_dir, environment or {}))
    assert found == [], f"{len(found)} secrets in logs, the first: {found[:5]}"


def secrets_in_logs(data_dir: Path, environment: Mapping[str, str]) -> Iterator[Found]:
    known = known_secrets(data_dir, environment)
    hashes = kept_hashes(data_dir / "tradingmw.sqlite3")
    for log in sorted(data_dir.glob("*.log")):
        content = log.read_bytes()
        for kind, place in places_in(content, known, hashes):
            yield Found(log.name, content.count(b"\n", 0, place) + 1, kind)


def places_in(content: bytes, known: Collection[bytes], hashes: Collection[str]) -> Iterator[tuple[str, int]]:
    """Each kind of secret, and at which byte it begins."""
    for secret in known:
        if (place := content.find(secret)) >= 0:
            yield "a key or password", place
    for kind, look in LOOKS.items():
        yield from ((kind, match.start()) for match in look.finditer(content))
    for match in LONG_WORD.finditer(content) if hashes else ():
        if hashlib.sha256(match[0]).hexdigest() in hashes:
            yield "a refresh token or ticket", match.start()


def known_secrets(data_dir: Path, environment: Mapping[str, str]) -> list[bytes]:
    files = [*data_dir.glob("keys/*.secret"), *data_dir.glob("secrets/*")]
    kept = [path.read_bytes().strip() for path in files if path.is_file()]
    named = [value for name, value in environment.items() if re.search(r"^TMW_.*(?:PASSWORD|SECRET)$", name)]
    in_urls = [urlsplit(value).password or "" for name, value in environment.items() if name.endswith("_URL")]
    told = [text.encode() for text in (DEMO_PASSWORD, *named, *in_urls)]
    return [secret for secret in (*told, *kept) if len(secret) >= SHORTEST]


def kept_hashes(database: Path) -> frozenset[str]:
    """What the database keeps of tokens; nothing where it cannot be read: a test may have broken it."""
    if not database.exists():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return frozenset(text for query in KEPT_HASHES for (text,) in connection.execute(query) if text)
    except sqlite3.Error:
        return frozenset()
