"""Who must have a second factor, and what may he do while he has none?

Users of the roles in `TMW_MFA_ROLES` where `TMW_MFA_POLICY` requires it (in the demo it only offers). A session of
theirs that has proven none can set one up or prove it, see and end its sessions, and nothing else.
"""

from __future__ import annotations

from typing import Any

from accounts.factors.freshness import proven_at
from accounts.models import Session, User
from tradingmw.env import env
from tradingmw.errors import Code, Forbidden


def factor_is_for(user: User) -> bool:
    """Whether his roles are among those that should have one."""
    return any(role in env().mfa_roles for role in user.roles)


def factor_required_of(user: User) -> bool:
    return env().mfa_required and factor_is_for(user)


def may_owe_factor(session: Session) -> bool:
    """What memory says, of which the database may know better."""
    return session.mfa_at is None and factor_required_of(session.user)


def factor_needed(session: Session) -> None:
    """Forbidden (MFA_ENROLMENT_REQUIRED) where the user's role needs a second factor and this session proved none."""
    if may_owe_factor(session) and proven_at(session) is None:
        raise Forbidden(
            "Your role needs a second factor: set one up, or prove yours, under /auth/mfa.",
            code=Code.MFA_ENROLMENT_REQUIRED,
        )


def mfa_told(session: Session) -> dict[str, Any] | None:
    """What a login says of second factors; None where none was proven and none is expected."""
    if session.mfa_at:
        return {"state": "proven", "methods": session.amr.split()}
    if factor_is_for(session.user):
        return {"state": "required" if env().mfa_required else "offered", "methods": []}
    return None
