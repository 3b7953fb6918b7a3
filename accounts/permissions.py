"""Which function does each verb of a view need, and does the caller have it?

A view says it where the verb stands, `@needs(Function.ORDERS_PLACE)`; a verb that says nothing is refused to everybody.
`AllowAny` stands at the few views that strangers reach.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.factors.policy import factor_needed
from accounts.models import User
from accounts.policy import Function
from accounts.rights import Rights, rights_of

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it asks for this module while it is being loaded

Verb = TypeVar("Verb", bound=Callable[..., Any])
MARK, RIGHTS = "needed_function", "rights_of_caller"
#: What a session may do that owes a second factor: set one up or prove it.
BEFORE_A_FACTOR = frozenset({Function.SELF_READ, Function.SESSIONS_KEEP, Function.FACTORS_KEEP})
#: DRF answers these itself, with what the document says already.
UNMARKED = frozenset({"OPTIONS", "TRACE"})


def needs(function: Function) -> Callable[[Verb], Verb]:
    """Only who has `function` comes to this verb."""

    def marked(verb: Verb) -> Verb:
        vars(verb)[MARK] = function
        return verb

    return marked


def function_needed(view: Any, method: str) -> Function | None:
    """What the verb of `view`, a class or an instance, needs; None where it has no such verb."""
    verb = getattr(view, method.lower(), None)
    if verb is None or method in UNMARKED:
        return None
    function: Function | None = getattr(verb, MARK, None)
    if function is None:
        raise ImproperlyConfigured(f"{view}.{method.lower()} does not say what it @needs.")
    return function


def rights_of_request(request: Request) -> Rights:
    """Of the caller, decided once a request."""
    known: Rights | None = vars(request).get(RIGHTS)
    if known is None:
        known = rights_of(cast(User, request.user), *scopes_and_signature(request.auth))
        vars(request)[RIGHTS] = known
    return known


def scopes_and_signature(grant: Any) -> tuple[Any, Any]:
    return getattr(grant, "scopes", None), getattr(grant, "signed", None)


class Permitted(BasePermission):
    """Settings name it for every view."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        function = function_needed(view, request.method or "")
        if function is not None:
            rights_of_request(request).need(function)
            grant: Any = request.auth
            if function not in BEFORE_A_FACTOR and grant is not None:  # None: a test vouches for the user
                factor_needed(grant.session)
        return True
