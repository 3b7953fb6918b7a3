"""Who has to do with limits? Two desks with traders and a head, two of compliance and an admin, each logged in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from rest_framework.test import APIClient

from accounts.client import Client
from accounts.models import Account, Desk, Method, User
from accounts.policy import Role
from accounts.rights import rights_of
from accounts.services import session_begin
from marketdata.models import Instrument
from orders.limits.services import Actor
from tests.roles import in_roles

HERE = Client("192.0.2.7", "tests")
ROLES = {
    "ann": Role.TRADER,
    "bob": Role.TRADER,
    "hedy": Role.DESK_HEAD,
    "carl": Role.COMPLIANCE,
    "cleo": Role.COMPLIANCE,
    "ada": Role.ADMIN,
    "otto": Role.OPERATIONS,
}
DESKS = {"ann": "alpha", "hedy": "alpha", "bob": "beta"}
LIMIT = {"rule": "max_order_quantity", "scope": "firm", "value": "1000", "note": "To begin with."}


class Told:
    """An answer: its status, its body, its headers."""

    def __init__(self, answer: Any) -> None:
        self.status, self.headers = answer.status_code, answer.headers
        self.body: dict[str, Any] = answer.json() if answer.content else {}

    @property
    def refused(self) -> tuple[int, str]:
        return self.status, self.body["code"]

    @property
    def attrs(self) -> list[str]:
        return [error["attr"] for error in self.body["errors"]]


class People:
    """`people("ann")` asks as Ann, who has just proven a second factor."""

    def __init__(self) -> None:
        desks = {name: Desk.objects.create(name=name) for name in ("alpha", "beta")}
        self.users: dict[str, User] = {}
        for name, role in ROLES.items():
            desk = desks.get(DESKS.get(name, ""))
            account = Account.objects.create(name=name, desk=desk)
            user = User.objects.create(username=name, email=f"{name}@desk.example", desk=desk, account=account)
            self.users[name] = in_roles(user, role)
        for symbol in ("AAPL", "IBM"):
            terms = {"tick": Decimal("0.01"), "lot": Decimal(1), "engine_instrument_id": 1, "engine_epoch": 1}
            Instrument.objects.create(symbol=symbol, exchange="XNAS", **terms)

    def token(self, name: str, method: Method | None = Method.TOTP) -> str:
        more = {"method": method} if method else {}
        return session_begin(user=self.users[name], client=HERE, **more).access_token

    def ask(
        self,
        name: str,
        verb: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        method: Method | None = Method.TOTP,
        **headers: str,
    ) -> Told:
        bearer = {"Authorization": f"Bearer {self.token(name, method)}", **headers}
        client = APIClient()
        return Told(client.generic(verb, f"/api/v1{path}", *as_json(body), headers=bearer))

    def proposes(self, name: str, **changes: Any) -> Told:
        """A limit for the firm, with these `changes`; what is None is left out."""
        body = {field: value for field, value in {**LIMIT, **changes}.items() if value is not None}
        return self.ask(name, "POST", "/limits", body)

    def decides(self, name: str, limit: Told, decision: str = "approve", **headers: str) -> Told:
        return self.ask(name, "POST", f"/limits/{limit.body['id']}/decision", {"decision": decision}, **headers)

    def agreed(self, **changes: Any) -> Told:
        """Proposed by Carl, approved by Cleo."""
        proposal = self.proposes("carl", **changes)
        assert proposal.status == 202, proposal.body
        approval = self.decides("cleo", proposal)
        assert approval.status == 200, approval.body
        return approval

    def listed(self, name: str, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(name, "GET", f"/limits{query}").body["items"]
        return found

    def actor(self, name: str) -> Actor:
        return Actor(self.users[name], rights_of(self.users[name]), True)


def as_json(body: dict[str, Any] | None) -> tuple[bytes, str]:
    return (b"" if body is None else json.dumps(body).encode()), "application/json"
