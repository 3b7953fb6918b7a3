"""What do `/me/workspaces` and `/me/workspaces/{id}` do?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs
from accounts.policy import Function
from accounts.tokens import user_id_of
from preferences.api.headers import CHANGE, CREATE, IF_MATCH_MAY, READ
from preferences.api.serializers import (
    WorkspaceAnswer,
    WorkspaceBody,
    WorkspaceChanged,
    WorkspaceListed,
    WorkspaceReplacement,
    WorkspacesAnswer,
)
from preferences.selectors import workspace_own, workspaces_of
from preferences.services.workspaces import workspace_change, workspace_create, workspace_delete
from tradingmw.etags import expected, expected_needed, headers_of, versioned
from tradingmw.paging import PageQuery, page_asked
from tradingmw.strict import checked_body


class WorkspacesView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="workspaces_list", parameters=[PageQuery], responses=WorkspacesAnswer)
    def get(self, request: Request) -> Response:
        """Your workspaces without their layouts, newest first."""
        page = page_asked(workspaces_of(user_id_of(request)), "created_at", request)
        return Response({"items": WorkspaceListed(page.items, many=True).data, "nextPageToken": page.next_token})

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="workspace_create", parameters=CREATE, request=WorkspaceBody, responses={201: WorkspaceChanged}
    )
    def post(self, request: Request) -> Response:
        """A new workspace; at most 100."""
        made = workspace_create(user_id=user_id_of(request), **checked_body(WorkspaceBody, request))
        headers = {**headers_of(made.version), "Location": f"{request.path}/{made.id}"}
        return Response(WorkspaceAnswer(made).data, status=201, headers=headers)


class WorkspaceView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="workspace_get", parameters=READ, responses={200: WorkspaceAnswer, 304: None})
    def get(self, request: Request, workspace_id: UUID) -> HttpResponse:
        """One of your workspaces."""
        found = workspace_own(user_id_of(request), workspace_id)
        return versioned(request, found.version, WorkspaceAnswer(found).data)

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="workspace_replace", parameters=CHANGE, request=WorkspaceReplacement, responses=WorkspaceChanged
    )
    def put(self, request: Request, workspace_id: UUID) -> Response:
        """Another name and layout; whether it is the default stays where it is absent."""
        return self._change(request, workspace_id, checked_body(WorkspaceReplacement, request))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="workspace_change", parameters=CHANGE, request=WorkspaceBody, responses=WorkspaceChanged
    )
    def patch(self, request: Request, workspace_id: UUID) -> Response:
        """Some of it."""
        return self._change(request, workspace_id, checked_body(WorkspaceBody, request, partial=True))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="workspace_delete", parameters=[IF_MATCH_MAY], responses={204: None})
    def delete(self, request: Request, workspace_id: UUID) -> Response:
        """Throw it away."""
        workspace_delete(user_id=user_id_of(request), workspace_id=workspace_id, allowed=expected(request))
        return Response(status=204)

    def _change(self, request: Request, workspace_id: UUID, changes: dict[str, Any]) -> Response:
        allowed = expected_needed(request)
        changed = workspace_change(user_id=user_id_of(request), workspace_id=workspace_id, allowed=allowed, **changes)
        return Response(WorkspaceAnswer(changed).data, headers=headers_of(changed.version))
