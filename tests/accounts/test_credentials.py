"""Are refresh tokens recognised when ours, refused when not, and followed by one successor?"""

from __future__ import annotations

import base64
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from accounts.credentials import TOKEN_BYTES, RefreshToken, digest, ticket_make


def test_a_token_is_read_back() -> None:
    token = RefreshToken.first(uuid4()).successor().successor()
    assert RefreshToken.read(token.text()) == token
    assert token.generation == 2


def test_the_successor_of_a_token_is_always_the_same() -> None:
    token = RefreshToken.first(uuid4())
    assert token.successor().text() == token.successor().text() != token.text()


def test_two_logins_of_one_session_id_differ() -> None:
    session_id = uuid4()
    assert RefreshToken.first(session_id).text() != RefreshToken.first(session_id).text()


@given(st.integers(0, TOKEN_BYTES - 1), st.integers(1, 255))
def test_a_token_with_any_byte_changed_is_not_ours(at: int, change: int) -> None:
    text = RefreshToken.first(uuid4()).text()
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[at] ^= change
    assert RefreshToken.read(base64.urlsafe_b64encode(raw).decode().rstrip("=")) is None


@given(st.text() | st.text("abcXYZ019-_=", max_size=500))
def test_any_text_is_answered(text: str) -> None:
    assert RefreshToken.read(text) is None
    assert len(digest(text)) == 64


def test_tickets_differ_and_fit_a_url() -> None:
    assert ticket_make() != ticket_make()
    assert ticket_make().replace("-", "").replace("_", "").isalnum()
