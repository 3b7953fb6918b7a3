"""Who is it that wants in? Password and second factor, by one rule for pages, programs and the admin.

Only web processes need this module and the package behind passkeys, which takes a third of a second to load.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import authenticate
from django.utils import timezone

from accounts.addresses import place_needed
from accounts.client import Client
from accounts.factors.ceremony import Answer
from accounts.factors.login import passkey_login, second_factor
from accounts.guessed import login_refused
from accounts.guessing import guess, guess_right
from accounts.models import Method, User
from accounts.services import TokenPair, session_begin


class Proven(NamedTuple):
    """Who he is, and what he proved beside his password; None where he has set nothing up."""

    user: User
    method: Method | None


def user_login(*, username: str, password: str, client: Client, otp: str = "") -> TokenPair:
    """A new session; errors as of `user_prove`."""
    proven = user_prove(username=username, password=password, client=client, otp=otp)
    return session_begin(user=proven.user, client=client, method=proven.method)


def user_prove(*, username: str, password: str, client: Client, otp: str = "") -> Proven:
    """Who it is; NotAuthenticated (INVALID_CREDENTIALS), the same and as slow whether or not the user exists.

    TooManyRequests after too many of these; Unavailable where too many want to log in at once. Who has a second factor
    must prove it too, by `otp` or in a second step: `accounts.factors.login` says how. Forbidden from where he may not
    come.
    """
    with guess(username=username, client=client) as counted:
        user = authenticate(username=username.lower(), password=password)
    if not isinstance(user, User):
        raise login_refused(username=username, client=client, counted=counted)
    guess_right(counted)
    place_needed(user=user, client=client, to="log in")
    return Proven(user, second_factor(user=user, otp=otp, client=client, now=timezone.now()))


def passkey_session_begin(*, attempt: str, answer: Answer, client: Client, now: datetime) -> TokenPair:
    """The second step of a login; errors as of `passkey_prove`."""
    proven = passkey_prove(attempt=attempt, answer=answer, client=client, now=now)
    return session_begin(user=proven.user, client=client, method=proven.method)


def passkey_prove(*, attempt: str, answer: Answer, client: Client, now: datetime) -> Proven:
    """A passkey's answer to what the first step asked; NotAuthenticated (MFA_INVALID), Forbidden as there."""
    user = passkey_login(attempt=attempt, answer=answer, client=client, now=now)
    place_needed(user=user, client=client, to="log in")
    return Proven(user, Method.WEBAUTHN)
