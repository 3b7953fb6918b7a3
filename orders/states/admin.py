"""How do staff see and halt trading in the admin? *Add* halts, at once; two let go again, over REST or the page."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from accounts.audited_admin import client_of_request
from accounts.models import User
from accounts.policy import Function
from accounts.rights import rights_of
from orders.core.scopes import Scope
from orders.core.trading_states import TradingState
from orders.models import StateChange, TradingRestriction
from orders.requests import WantedState
from orders.states.asking import killed
from orders.states.freezing import user_freeze
from orders.states.serializers import ONE_LINE
from orders.states.services import Actor, state_wanted
from tradingmw.errors import TradingError
from tradingmw.read_only import ReadOnlyAdmin


def actor_of(request: HttpRequest) -> Actor:
    """To halt takes no second factor."""
    user = cast(User, request.user)
    return Actor(user, rights_of(user), is_proven=False, ip_address=request.META.get("REMOTE_ADDR"))


class HaltForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    request: HttpRequest  #: set by the page
    wanted: WantedState
    target = forms.CharField(max_length=150, required=False, help_text="A username, a desk or a symbol; empty: firm.")
    reason = forms.RegexField(ONE_LINE, max_length=200, help_text="One line, told to whom it binds.")
    log_off = forms.BooleanField(required=False, help_text="Of a user: end his sessions, too.")

    class Meta:
        model = TradingRestriction
        fields = ["scope"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.wanted = state_wanted(
                    by=actor_of(self.request),
                    scope=Scope(given["scope"]),
                    target=given["target"],
                    state=TradingState.HALTED,
                    reason=given["reason"],
                )
            except TradingError as error:
                self.add_error(None, error.detail)
        return given


@admin.register(TradingRestriction)
class TradingRestrictionAdmin(ReadOnlyAdmin):
    list_display = ["scope", "name", "state", "reason", "set_by_name", "set_at", "release_by_name", "release_until"]
    list_filter = ["state", "scope"]
    ordering = ["-set_at"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        return user.is_authenticated and Function.TRADING_HALT in rights_of(user).functions

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        return type("HaltForm", (HaltForm,), {"request": request})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The row is the order core's to write."""
        wanted, client = form.wanted, client_of_request(request)
        if wanted.scope is Scope.USER and form.cleaned_data["log_off"]:
            frozen = User.objects.get(id=wanted.key)
            done = user_freeze(user=frozen, wanted=wanted, client=client, by=wanted.user).killed
        else:
            done = killed(wanted)
        if done.answer is None:
            self.message_user(request, f"No order bridge has answered: {done.why}", messages.ERROR)
        obj.name, obj.state = wanted.name, wanted.state.value

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit log has it: there is no row of this form's own."""
        return None


@admin.register(StateChange)
class StateChangeAdmin(ReadOnlyAdmin):
    list_display = ["decided_at", "scope", "name", "kind", "before", "after", "reason", "user_name"]
    list_filter = ["kind", "scope"]
    ordering = ["-decided_at"]
