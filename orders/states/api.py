"""What does `/trading-state` do? One person restricts, at once; two let go.

A kill is answered when its gate is closed, whatever else there is to do. A release is asked for by one person (202) and
agreed to by another who asks for the same (200); neither may have restricted it.
"""

from __future__ import annotations

import time
from typing import Any, cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.factors.freshness import is_proven_lately
from accounts.models import User
from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from accounts.rights import Rights
from accounts.tokens import grant_of, session_id_of
from orders.api.asynchronous import AsyncAPIView
from orders.client import bridge_state, order_client
from orders.core.scopes import Scope, Target
from orders.core.trading_states import Restriction, TradingState
from orders.requests import SetTradingState, TradingStateAnswer, WantedState
from orders.states.selectors import NAMED_MAX, states_seen, states_stored, still_open
from orders.states.serializers import TradingStateBody, TradingStatesAnswer, TradingStateWritten
from orders.states.services import Actor, state_wanted
from orders.states.shapes import active_shape, state_shape
from tradingmw.correlation import CHARACTERS_MAX, current_request_id
from tradingmw.errors import TradingError
from tradingmw.strict import checked_body


class TradingStateView(AsyncAPIView):
    @needs(Function.SYSTEM_READ)
    @extend_schema(
        operation_id="trading_states", summary="Where you may not trade freely now", responses=TradingStatesAnswer
    )
    async def get(self, request: Request) -> Response:
        """What binds you, and what you look after; nothing: trade. Releases are shown to who may restrict others."""
        states = await states_now()
        user, rights = cast(User, request.user), rights_of_request(request)
        return Response({"items": await sync_to_async(shown)(states, user, rights)})

    @needs(Function.TRADING_HALT_OWN)
    @extend_schema(
        operation_id="trading_state_set",
        summary="Halt trading, let it only reduce, or release it",
        request=TradingStateBody,
        responses={200: TradingStateWritten, 202: TradingStateWritten},
    )
    async def post(self, request: Request) -> Response:
        """200: in force. 202: your wish for a release waits for a second person, who asks for the same."""
        wanted = await sync_to_async(asked)(request)
        question = SetTradingState(request_id=1, deadline_us=0, wanted=wanted)
        answer = await order_client().ask(question, TradingStateAnswer)
        restriction = answer.restriction
        shape = written_shape(restriction, wanted) | {"recorded": answer.recorded}
        return Response(shape, status=202 if restriction and restriction.state is not wanted.state else 200)


def asked(request: Request) -> WantedState:
    body = checked_body(TradingStateBody, request)
    return state_wanted(
        by=actor_of(request),
        scope=Scope(body["scope"]),
        target=body["target"],
        state=TradingState(body["state"]),
        reason=body["reason"],
    )


def actor_of(request: Request) -> Actor:
    proven = request.auth is not None and is_proven_lately(grant_of(request).session, timezone.now())
    address, trace = request.META.get("REMOTE_ADDR"), current_request_id()[:CHARACTERS_MAX]
    user = cast(User, request.user)
    return Actor(user, rights_of_request(request), proven, address, session_id_of(request), trace)


def written_shape(restriction: Restriction | None, wanted: WantedState) -> dict[str, Any]:
    if restriction is None:
        return active_shape(wanted.target, wanted.name)
    return state_shape(restriction, time.time_ns() // 1000)


async def states_now() -> list[Restriction]:
    """As the order bridge has them in force; where there is none, as it has left them."""
    try:
        return (await bridge_state()).restrictions
    except TradingError:
        return await sync_to_async(states_stored)()


def shown(states: list[Restriction], user: User, rights: Rights) -> list[dict[str, Any]]:
    seen, now_us = states_seen(states, user, rights), time.time_ns() // 1000
    left = still_open(seen, rights)
    with_release = not rights.functions.isdisjoint({Function.TRADING_HALT_DESK, Function.TRADING_HALT})
    return [state_shape(one, now_us, with_release=with_release) | unconfirmed(left, one.target) for one in seen]


def unconfirmed(left: Any, target: Target) -> dict[str, Any]:
    orders: list[UUID] = left.get(target, [])
    return {"unconfirmed": len(orders), "unconfirmedOrders": orders[:NAMED_MAX]}
