"""Of what does the bench of identity hold two versions? A view that asks who calls, and the same one that does not."""

from __future__ import annotations

import time

from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from accounts.api.views import MeView
from accounts.hashing import BoundedArgon2
from accounts.models import Session, User
from accounts.tokens import Grant

CHECKED, VOUCHED = "/checked", "/vouched"


class Vouched(BaseAuthentication):
    """Nobody is asked who he is: he has this session."""

    session: Session

    def authenticate(self, request: Request) -> tuple[User, Grant]:
        return self.session.user, Grant(self.session)


class TimedArgon2(BoundedArgon2):
    """The product's, which counts the processor time that it takes in all its threads."""

    spent_ns = 0

    def verify(self, password: str, encoded: str) -> bool:
        began = time.process_time_ns()
        try:
            return super().verify(password, encoded)
        finally:
            TimedArgon2.spent_ns += time.process_time_ns() - began


urlpatterns = [
    path(CHECKED[1:], MeView.as_view()),
    path(VOUCHED[1:], MeView.as_view(authentication_classes=[Vouched], permission_classes=[AllowAny])),
]
