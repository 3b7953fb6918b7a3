"""What do web processes and the order bridge say of limits and of orders that wait for a second person?"""

from __future__ import annotations

from orders.request_frame import Answer, Request


class ReloadLimits(Request, frozen=True, kw_only=True):
    """The limits in the database are others than before: read them anew, and answer when the gate has them."""


class LimitsAnswer(Answer, frozen=True, kw_only=True):
    """How many the gate has now, those that begin later included."""

    limits: int
