"""Has this member of the staff proven his second factor lately enough to change somebody's rights?

The admin has sessions of its own, which keep when it was proven. Older than five minutes, it is proven by logging in
again: before a form is shown and before it is taken. Who has set no second factor up has nothing to prove; where his
role must have one, nobody came in without.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, cast

from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, reverse
from django.utils import timezone

from accounts.factors.enrolled import methods_of
from accounts.factors.freshness import is_fresh
from accounts.models import User

HAS_PROVEN: Final = "has_proven_factor"  #: a user who has just logged in: with a second factor?
PROVEN_AT: Final = "mfa_proven_at"  #: epoch seconds, in the admin's session
FORMS: Final = ("_add", "_change", "_delete", "password_change")  #: how the names of pages end that change something
Page = Callable[..., HttpResponseBase]


def proof_note(request: HttpRequest, user: User, **_signal: Any) -> None:
    """A login in the admin: did he prove a second factor with it?"""
    if getattr(user, HAS_PROVEN, False):
        request.session[PROVEN_AT] = timezone.now().timestamp()


def is_proven(request: HttpRequest, now: datetime) -> bool:
    proven_at = request.session.get(PROVEN_AT)
    if proven_at is None:
        return not methods_of(cast(User, request.user))
    return is_fresh(datetime.fromtimestamp(proven_at, UTC), now)


class RightsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Pages on which rights are changed."""

    def get_urls(self) -> list[URLPattern]:
        urls: list[URLPattern] = super().get_urls()
        for url in urls:
            url.callback = self._asking_again(url.callback, (url.name or "").endswith(FORMS))
        return urls

    def _asking_again(self, page: Page, is_form: bool) -> Page:
        @wraps(page)
        def proven_page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            changes = request.method == "POST" or (is_form and self.has_change_permission(request))
            if changes and request.user.is_active and request.user.is_staff and not is_proven(request, timezone.now()):
                logout(request)
                return redirect_to_login(request.get_full_path(), f"{reverse('admin:login')}?again=1")
            return page(request, *args, **kwargs)

        return proven_page
