"""What may this user do, now? His roles and attributes, and the scopes of his key, decided by `accounts.policy`.

Services ask before they act; views and sockets ask first, so that nobody learns from the shape of an answer what he may
not ask for. A refusal is 403 FORBIDDEN; what belongs to others is 404, which is the selectors' work.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from accounts.models import ApiKey, Entitlement, Session, User
from accounts.policy import (
    UNRESTRICTED,
    Attributes,
    Function,
    Functions,
    OrderTerms,
    broken_rules,
    functions_of,
    is_open,
    needs_signature,
    sees_data,
)
from tradingmw.errors import Code, Forbidden, NotFound


class Scope(StrEnum):
    """Whose orders, executions and positions are meant."""

    OWN = "own"
    DESK = "desk"
    ALL = "all"


class Reach(NamedTuple):
    """The rows that may be seen: of this account, of this desk, or all."""

    account: UUID | None = None
    desk: UUID | None = None
    everything: bool = False


class Rights(NamedTuple):
    """`signed` is the stored signature of the request that they are used for, None for one that is not signed."""

    functions: Functions
    attributes: Attributes = UNRESTRICTED
    account: UUID | None = None
    desk: UUID | None = None
    signed: UUID | None = None

    def need(self, function: Function) -> None:
        """Forbidden where they do not cover `function`."""
        if function not in self.functions:
            raise Forbidden

    def need_hours(self, now: datetime) -> None:
        if not is_open(self.attributes, now):
            raise Forbidden("These are not your hours.")

    def need_order(self, order: OrderTerms) -> None:
        """Forbidden where an attribute refuses such an order, naming each; SIGNATURE_REQUIRED for want of one."""
        if broken := list(broken_rules(self.attributes, order)):
            errors = [{"attr": rule.field, "code": "forbidden", "detail": rule.told} for rule in broken]
            raise Forbidden(broken[0].told, errors=errors)
        if self.signed is None and needs_signature(self.attributes, order):
            raise Forbidden("Such an order must be signed.", code=Code.SIGNATURE_REQUIRED)

    def need_signature(self, deed: str) -> None:
        """SIGNATURE_REQUIRED where the user must sign critical deeds and this one is not signed; `deed`: its name."""
        if self.attributes.signed_above_e4 is not None and self.signed is None:
            raise Forbidden(f"{deed} must be signed by one of your keys.", code=Code.SIGNATURE_REQUIRED)

    def sees_data(self, exchange: str | None, asset_class: str | None) -> bool:
        return Function.MARKET_READ in self.functions and sees_data(self.attributes, exchange, asset_class)

    @property
    def sees_all_data(self) -> bool:
        """Nothing of an instrument needs to be known to decide."""
        mine = self.attributes
        return Function.MARKET_READ in self.functions and not mine.data_exchanges and not mine.data_asset_classes

    def reach(self, scope: Scope | None = None) -> Reach:
        """The rows of `scope`, or the widest that there is. Forbidden beyond one's rights, NotFound without a desk."""
        if scope is None:
            desk = self.desk if Function.ORDERS_READ_DESK in self.functions else None
            return Reach(self.account, desk, Function.ORDERS_READ_ALL in self.functions)
        if scope is Scope.OWN:
            return Reach(account=self.account)
        if scope is Scope.ALL:
            self.need(Function.ORDERS_READ_ALL)
            return Reach(everything=True)
        self.need(Function.ORDERS_READ_DESK)
        if self.desk is None:
            raise NotFound("You head no desk.")
        return Reach(desk=self.desk)


def scopes_of(session: Session) -> Functions | None:
    """What the key is for whose session it is; None for a person's."""
    try:
        return session.api_key.functions
    except ApiKey.DoesNotExist:
        return None


def attributes_of(user: User) -> Attributes:
    try:
        return user.entitlement.attributes
    except Entitlement.DoesNotExist:
        return UNRESTRICTED


def rights_of(user: User, scopes: Functions | None = None, signed: UUID | None = None) -> Rights:
    """All that is decided about `user`; `scopes` are those of the key that a program used. Reads what is not loaded."""
    functions = functions_of(frozenset(user.roles))
    return Rights(
        functions=functions if scopes is None else functions & scopes,
        attributes=attributes_of(user),
        account=user.account_id,
        desk=user.desk_id,
        signed=signed,
    )
