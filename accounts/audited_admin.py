"""How does the audit log learn what staff change in the admin? From the row before and after, in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.audit import audit
from accounts.client import Client

BEFORE = "audited_before"
#: what is told by other means, or told to nobody
UNTOLD = frozenset({"password", "last_login", "mfa_settings"})


def client_of_request(request: HttpRequest) -> Client:
    return Client(request.META.get("REMOTE_ADDR"), request.headers.get("User-Agent", ""))


def row_facts(row: Model | None, untold: frozenset[str] = frozenset()) -> dict[str, str]:
    """What the database holds of it, as texts."""
    if row is None:
        return {}
    facts = {field.name: str(getattr(row, field.attname)) for field in row._meta.concrete_fields}
    for relation in row._meta.many_to_many:
        facts[relation.name] = ", ".join(sorted(map(str, getattr(row, relation.name).all())))
    return {name: text for name, text in facts.items() if name not in UNTOLD | untold}


def audit_change(request: HttpRequest, row: Model, before: dict[str, str], after: dict[str, str], verb: str) -> None:
    """Only what differs."""
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if not changed:
        return
    audit(
        action=f"{row._meta.model_name}.{verb}",
        resource=str(row._meta.model_name),
        resource_id=str(row.pk),
        user_id=UUID(str(request.user.pk)),
        ip_address=request.META.get("REMOTE_ADDR"),
        before={name: before[name] for name in changed if name in before},
        after={name: after[name] for name in changed if name in after},
    )


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """A page whose changes are audited; Django runs each of these in a transaction."""

    untold: frozenset[str] = frozenset()  #: fields that are audited by other means

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        vars(request)[BEFORE] = self._facts(type(obj).objects.filter(pk=obj.pk).first() if change else None)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        row = type(form.instance).objects.get(pk=form.instance.pk)
        verb = "changed" if change else "added"
        audit_change(request, row, vars(request)[BEFORE], self._facts(row), verb)

    def _facts(self, row: Model | None) -> dict[str, str]:
        return row_facts(row, self.untold)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        audit_change(request, obj, row_facts(obj), {}, "deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            audit_change(request, row, row_facts(row), {}, "deleted")
        super().delete_queryset(request, queryset)
