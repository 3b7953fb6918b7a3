"""What do `/limits`, `/limits/{id}` and `/limits/{id}/decision` do?

Every write waits for a second person, needs a second factor proven lately and, of who must sign, a signature.
"""

from __future__ import annotations

from typing import Any, Final, cast
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.factors.freshness import is_proven_lately
from accounts.models import User
from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from accounts.tokens import grant_of, session_id_of
from orders.limits.selectors import Shown, limit_seen, limits_page, limits_seen, shape_now
from orders.limits.serializers import DecisionBody, LimitAnswer, LimitBody, LimitsAnswer, LimitsQuery
from orders.limits.services import Actor, limit_decide, limit_end, limit_propose
from orders.models import RiskLimit
from tradingmw.etags import expected, headers_of, versioned
from tradingmw.strict import checked_body

HEADER: Final = "header"
IF_MATCH = OpenApiParameter("If-Match", str, HEADER, description="Only while it still has this ETag.")
IF_MATCH_REPLACED = OpenApiParameter("If-Match", str, HEADER, description="Only while what it replaces has this ETag.")
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, HEADER, description="304 while it still has this ETag.")
ETAG = OpenApiParameter("ETag", str, HEADER, response=[200, 202], description="The version, in quotes.")
LOCATION = OpenApiParameter("Location", str, HEADER, response=[202], description="The proposal's path.")
LIMITS_PATH: Final = "/api/v1/limits"


def actor_of(request: Request) -> Actor:
    proven = request.auth is not None and is_proven_lately(grant_of(request).session, timezone.now())
    address = request.META.get("REMOTE_ADDR")
    return Actor(cast(User, request.user), rights_of_request(request), proven, address, session_id_of(request))


def seen(request: Request, limit_id: UUID) -> RiskLimit:
    return limit_seen(cast(User, request.user), rights_of_request(request), limit_id)


def shown(row: RiskLimit, status: int = 200) -> Response:
    headers = headers_of(row.version)
    if status == 202:
        headers["Location"] = f"{LIMITS_PATH}/{row.id}"
    return Response(shape_now(row), status=status, headers=headers)


class LimitsView(APIView):
    @needs(Function.LIMITS_READ)
    @extend_schema(
        operation_id="limits_list",
        summary="Limits that bind you, or those you look after",
        parameters=[LimitsQuery],
        responses=LimitsAnswer,
    )
    def get(self, request: Request) -> Response:
        """In force now, or with `state` those that wait for a decision, or all that ever were; newest first."""
        query = LimitsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked: dict[str, Any] = query.validated_data
        narrowed = {name: asked[name] for name in ("rule", "scope") if name in asked}
        rows = limits_seen(cast(User, request.user), rights_of_request(request)).filter(**narrowed)
        page = limits_page(rows, Shown(asked["state"]), asked.get("page_token"), asked["limit"])
        return Response({"items": page.items, "nextPageToken": page.next_token})

    @needs(Function.LIMITS_PROPOSE)
    @extend_schema(
        operation_id="limit_propose",
        summary="Propose a limit, which waits for a second person",
        parameters=[IF_MATCH_REPLACED, ETAG, LOCATION],
        request=LimitBody,
        responses={202: LimitAnswer},
    )
    def post(self, request: Request) -> Response:
        """With `replaces` in the place of another one: for good, or until its own end."""
        body = checked_body(LimitBody, request)
        made = limit_propose(
            by=actor_of(request),
            terms=LimitBody.terms(body),
            note=body["note"],
            replaces=body.get("replaces"),
            allowed=expected(request),
        )
        return shown(made, 202)


class LimitView(APIView):
    @needs(Function.LIMITS_READ)
    @extend_schema(operation_id="limit_get", parameters=[IF_NONE_MATCH, ETAG], responses={200: LimitAnswer, 304: None})
    def get(self, request: Request, limit_id: UUID) -> HttpResponse:
        """One limit or proposal that you may see. Its ETag changes with a decision, not with the time."""
        row = seen(request, limit_id)
        return versioned(request, row.version, shape_now(row))

    @needs(Function.LIMITS_PROPOSE)
    @extend_schema(
        operation_id="limit_end",
        summary="Propose that a limit ends, or withdraw your proposal",
        parameters=[IF_MATCH, ETAG, LOCATION],
        responses={200: LimitAnswer, 202: LimitAnswer},
    )
    def delete(self, request: Request, limit_id: UUID) -> Response:
        """200: your own proposal, withdrawn. 202: a proposal to end the limit, which waits for a second person."""
        row = limit_end(by=actor_of(request), limit_id=limit_id, allowed=expected(request))
        return shown(row, 200 if row.id == limit_id else 202)


class LimitDecisionView(APIView):
    @needs(Function.LIMITS_DECIDE)
    @extend_schema(
        operation_id="limit_decide",
        summary="Approve or refuse what somebody else has proposed",
        parameters=[IF_MATCH, ETAG],
        request=DecisionBody,
        responses=LimitAnswer,
    )
    def post(self, request: Request, limit_id: UUID) -> Response:
        """Approved, the gate has it when this is answered; with the order bridge away, when that begins."""
        body = checked_body(DecisionBody, request)
        approve = body["decision"] == "approve"
        decided = limit_decide(
            by=actor_of(request), limit_id=limit_id, approve=approve, note=body["note"], allowed=expected(request)
        )
        return shown(decided)
