"""How does an operator bust or correct an execution that the engine does not? By the one writer of orders, audited."""

from __future__ import annotations

import uuid

import msgspec

from accounts.models import Role, User
from bridge.wire.messages import Text
from orders.asking import bridge_asked
from orders.models import Execution
from orders.requests import AmendExecution, OrderAnswer
from tradingmw.errors import Forbidden, InvalidRequest, NotFound

MAY_AMEND = frozenset({Role.OPERATIONS, Role.ADMIN})


def execution_amend(
    *, exec_id: str, by: str, note: str, quantity_e8: int | None = None, price_e8: int | None = None
) -> OrderAnswer:
    """The order after it; without quantity and price the execution is void.

    `by` is a user name. `Forbidden` where he is no operator, `NotFound`, `InvalidRequest` where it is void already or
    the note is no line, `Unavailable` without an order bridge, `OutcomeUnknown`: look at the execution before you ask
    again.
    """
    operator = operator_named(by)
    execution = Execution.objects.filter(exec_id=exec_id).first()
    if execution is None:
        raise NotFound("There is no such execution.")
    request = AmendExecution(
        request_id=1,
        deadline_us=0,
        operator=operator.id,
        operator_name=operator.username,
        order_id=execution.order_id,
        exec_id=exec_id,
        amendment_id=f"manual-{uuid.uuid4().hex}",
        quantity_e8=quantity_e8,
        price_e8=price_e8,
        note=one_line(note),
    )
    return bridge_asked(request, OrderAnswer)


def operator_named(username: str) -> User:
    user = User.objects.filter(username=username.lower(), is_active=True).first()
    if user is None or not MAY_AMEND.intersection(user.roles):
        raise Forbidden(f"{username} is no operator.")
    return user


def one_line(note: str) -> str:
    """What the order bridge would take for no request at all is refused here, where it can be said."""
    try:
        return msgspec.convert(note, Text)
    except msgspec.ValidationError:
        raise InvalidRequest("The note must be one line of at most 200 characters.") from None
