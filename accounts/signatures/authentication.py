"""Whose request is this, where a program signed it? Its key's user's; or, with an access token too, the session's.

A signature beside an access token does not let anybody in: it shows that one of the user's keys agreed to the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone
from django.utils.asyncio import async_unsafe
from rest_framework.request import Request

from accounts.models import User
from accounts.signatures.checking import Checked, request_checked
from accounts.signatures.message import Message
from accounts.tokens import Grant, SessionTokenAuthentication

if TYPE_CHECKING:
    from django.http import HttpRequest

HEADERS = ("Signature-Input", "Signature")


class SignedAuthentication(SessionTokenAuthentication):
    """`Authorization: Bearer …`, or `Signature-Input` and `Signature` of one of the user's API keys, or both."""

    def authenticate(self, request: Request) -> tuple[User, Grant] | None:
        granted = super().authenticate(request)
        if not any(name in request.headers for name in HEADERS):
            return granted
        checked = signature_checked(request._request, granted[0].id if granted else None)
        session = granted[1].session if granted else checked.session
        return session.user, Grant(session, checked.signed)


@async_unsafe("A signature is checked in a thread: its nonce is written.")
def signature_checked(request: HttpRequest, user_id: UUID | None) -> Checked:
    address = request.META.get("REMOTE_ADDR")
    return request_checked(message_of(request), address=address, user_id=user_id, now=timezone.now())


def message_of(request: HttpRequest) -> Message:
    path, _, query = request.get_full_path().partition("?")
    return Message(
        method=request.method or "",
        target_uri=request.build_absolute_uri(),
        authority=request.get_host(),
        path=path,
        query=f"?{query}",
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.body,
    )
