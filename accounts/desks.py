"""Whose flow may a supervisor follow? His own desk's, or by its name any desk's where his rights reach that far."""

from __future__ import annotations

from uuid import UUID

from accounts.models import Desk
from accounts.policy import Function
from accounts.rights import Rights
from tradingmw.errors import NotFound


def desk_meant(rights: Rights, name: str | None = None) -> UUID:
    """The desk called `name`, or one's own. Blocking.

    Forbidden where no desk's flow is the caller's to see, or none of his own and none is named; NotFound for a desk
    that is not there and for one that he may not see, alike.
    """
    sees_all = Function.ORDERS_READ_ALL in rights.functions
    if name is None or not sees_all:
        rights.need(Function.ORDERS_READ_DESK)
    if name is None:
        if rights.desk is None:
            raise NotFound("You head no desk.")
        return rights.desk
    desk = Desk.objects.filter(name=name).values_list("id", flat=True).first()
    if desk is None or not may_follow(rights, desk):
        raise NotFound("There is no such desk.")
    return desk


def may_follow(rights: Rights, desk: UUID) -> bool:
    """Is what happens on that desk still the caller's to see?"""
    if Function.ORDERS_READ_ALL in rights.functions:
        return True
    return Function.ORDERS_READ_DESK in rights.functions and rights.desk == desk
