"""How do compliance staff keep limits in the admin? By the same two steps and rules as over REST; rows are only read.

*Add* is a proposal; to decide or to end is an action on the list. Who must sign cannot do it here: a form has no key.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_proof import RightsAdmin, is_proven
from accounts.factors.enrolled import methods_of
from accounts.models import User
from accounts.policy import Function
from accounts.rights import rights_of
from orders.core.limits import Breach, Rule
from orders.core.scopes import Scope
from orders.limits.checking import Terms
from orders.limits.services import Actor, limit_decide, limit_end, limit_propose
from orders.limits.shapes import target_name
from orders.limits.values import value_text
from orders.models import RiskLimit
from tradingmw.errors import TradingError
from tradingmw.read_only import ReadOnlyAdmin

RULES = [rule.value for rule in Rule if rule is not Rule.TRADING_STATE]
#: fields of REST by their names in the form
FIELDS = {"effectiveFrom": "effective_from", "effectiveUntil": "effective_until"}


def actor_of(request: HttpRequest) -> Actor:
    """A second factor counts where there is one, and where it was proven lately in the admin's own session."""
    user = cast(User, request.user)
    proven = bool(methods_of(user)) and is_proven(request, timezone.now())
    return Actor(user, rights_of(user), proven, request.META.get("REMOTE_ADDR"))


class ProposalForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A proposal in public words. It is made where it is checked: what cannot be is told beside its field."""

    request: HttpRequest  #: set by the page
    made: RiskLimit
    rule = forms.ChoiceField(choices=[(rule, rule) for rule in RULES])
    target = forms.CharField(max_length=150, required=False, help_text="A username, a desk or a symbol; empty: firm.")
    value = forms.CharField(max_length=40, required=False, help_text="Shares, money, per cent or orders.")
    replaces = forms.UUIDField(required=False, help_text="The id of the limit in whose place it is to stand.")

    class Meta:
        model = RiskLimit
        fields = ["rule", "scope", "symbol", "breach", "effective_from", "effective_until", "note"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        try:
            self.made = limit_propose(
                by=actor_of(self.request), terms=terms_of(given), note=given["note"], replaces=given["replaces"]
            )
        except TradingError as error:
            self._tell(error)
        return given

    def _tell(self, error: TradingError) -> None:
        if not error.errors:
            self.add_error(None, error.detail)
        for each in error.errors:
            self.add_error(FIELDS.get(each["attr"], each["attr"]), each["detail"])


def terms_of(given: dict[str, Any]) -> Terms:
    return Terms(
        rule=Rule(given["rule"]),
        scope=Scope(given["scope"]),
        target=given["target"] or None,
        symbol=given["symbol"] or None,
        value=given["value"] or None,
        breach=Breach(given["breach"]),
        effective_from=given["effective_from"],
        effective_until=given["effective_until"],
    )


@admin.register(RiskLimit)
class RiskLimitAdmin(RightsAdmin, ReadOnlyAdmin):
    form = ProposalForm
    actions = ["approve", "refuse", "end"]
    list_display = [
        "proposed_at", "state", "asks", "rule", "scope", "whom", "symbol", "amount", "breach", "effective_from",
        "effective_until", "proposed_by", "decided_by",
    ]  # fmt: skip
    list_filter = ["state", "rule", "scope", "breach", "desk"]
    list_select_related = ["desk", "subject", "proposed_by", "decided_by"]
    search_fields = ["subject__username", "desk__name", "symbol", "note"]
    ordering = ["-proposed_at"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, Function.LIMITS_PROPOSE)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return self._may(request, Function.LIMITS_DECIDE)

    def has_propose_permission(self, request: HttpRequest) -> bool:
        return self._may(request, Function.LIMITS_PROPOSE)

    @admin.display(description="target")
    def whom(self, row: RiskLimit) -> str:
        return target_name(row) or ""

    @admin.display(description="value")
    def amount(self, row: RiskLimit) -> str:
        return value_text(Rule(row.rule), row.value) or ""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return type("Proposal", (super().get_form(request, obj, change, **kwargs),), {"request": request})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of a row all its columns, of a proposal what is asked for."""
        return [field.name for field in RiskLimit._meta.fields] if obj else super().get_fields(request, obj)

    def save_model(self, request: HttpRequest, obj: RiskLimit, form: Any, change: bool) -> None:
        """The form has made it."""
        vars(obj).update(vars(form.made))

    @admin.action(description="Approve what somebody else has proposed", permissions=["decide"])
    def approve(self, request: HttpRequest, rows: QuerySet[RiskLimit]) -> None:
        self._each(request, rows, lambda by, row: limit_decide(by=by, limit_id=row.id, approve=True))

    @admin.action(description="Refuse what somebody else has proposed", permissions=["decide"])
    def refuse(self, request: HttpRequest, rows: QuerySet[RiskLimit]) -> None:
        self._each(request, rows, lambda by, row: limit_decide(by=by, limit_id=row.id, approve=False))

    @admin.action(description="Withdraw your proposals, or propose that limits end", permissions=["propose"])
    def end(self, request: HttpRequest, rows: QuerySet[RiskLimit]) -> None:
        self._each(request, rows, lambda by, row: limit_end(by=by, limit_id=row.id))

    def _each(self, request: HttpRequest, rows: QuerySet[RiskLimit], deed: Any) -> None:
        """One by one: what is refused of some does not stop the others."""
        done = 0
        for row in rows:
            try:
                deed(actor_of(request), row)
                done += 1
            except TradingError as error:
                self.message_user(
                    request, f"{row.rule} of {row.proposed_at:%Y-%m-%d %H:%M:%S}: {error.detail}", messages.ERROR
                )
        self.message_user(request, f"{done} done.")

    def _may(self, request: HttpRequest, function: Function) -> bool:
        return function in rights_of(cast(User, request.user)).functions
