"""How does the staff get into the admin? By the rules of every login: guesses counted, second factors asked for.

First name and password, and a code where one is at hand. Who has a passkey and sent no code is asked for it: the page
then sends the device's answer in place of name and password.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.admin_proof import HAS_PROVEN
from accounts.audit import audit
from accounts.client import Client
from accounts.factors.policy import factor_required_of
from accounts.logins import Proven, passkey_prove, user_prove
from tradingmw.errors import TradingError

BACKEND = "django.contrib.auth.backends.ModelBackend"


class AdminLoginForm(AdminAuthenticationForm):
    otp = forms.CharField(
        label="Code",
        required=False,
        max_length=64,
        help_text="Of your authenticator app, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    attempt = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    credential = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        #: what the browser must sign; None where no passkey is asked for
        self.asked: dict[str, Any] | None = None
        if self.data.get("attempt"):
            self.fields["username"].required = self.fields["password"].required = False

    def clean(self) -> dict[str, Any]:
        try:
            proven = self._proven()
        except TradingError as error:
            mfa = error.extra.get("mfa", {})
            self.asked = mfa if "attempt" in mfa else None
            raise ValidationError(error.detail, code=error.code) from error
        if proven is not None:
            self._let_in(proven)
        return self.cleaned_data

    def _proven(self) -> Proven | None:
        """None where a field is missing, which is told beside it."""
        given = self.cleaned_data
        if given.get("attempt"):
            answer = given.get("credential")
            return passkey_prove(
                attempt=given["attempt"],
                answer=answer if isinstance(answer, dict) else {},
                client=self._client(),
                now=timezone.now(),
            )
        if not given.get("username") or not given.get("password"):
            return None
        otp = given.get("otp", "")
        return user_prove(username=given["username"], password=given["password"], client=self._client(), otp=otp)

    def _let_in(self, proven: Proven) -> None:
        user = proven.user
        self.confirm_login_allowed(user)
        if proven.method is None and factor_required_of(user):
            raise ValidationError("Your role needs a second factor: log in to the terminal and set one up first.")
        factor = {"factor": proven.method.value if proven.method else ""}
        address = self._client().ip_address
        audit(action="auth.admin_login", resource="user", resource_id=user.id, user_id=user.id, ip_address=address,
              details=factor)  # fmt: skip
        user.backend = BACKEND  # Django's login asks who has vouched
        vars(user)[HAS_PROVEN] = proven.method is not None
        self.user_cache = user

    def _client(self) -> Client:
        headers = self.request.META if self.request else {}
        return Client(headers.get("REMOTE_ADDR"), headers.get("HTTP_USER_AGENT", ""))
