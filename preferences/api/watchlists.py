"""What do `/me/watchlists` and `/me/watchlists/{id}` do?"""

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
    NewWatchlistBody,
    WatchlistAnswer,
    WatchlistBody,
    WatchlistChanged,
    WatchlistListed,
    WatchlistsAnswer,
)
from preferences.selectors import watchlist_own, watchlists_of
from preferences.services.watchlists import watchlist_change, watchlist_create, watchlist_delete
from tradingmw.etags import expected, expected_needed, headers_of, versioned
from tradingmw.paging import PageQuery, page_asked
from tradingmw.strict import checked_body


class WatchlistsView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="watchlists_list", parameters=[PageQuery], responses=WatchlistsAnswer)
    def get(self, request: Request) -> Response:
        """Your watchlists without their items, newest first."""
        page = page_asked(watchlists_of(user_id_of(request)), "created_at", request)
        return Response({"items": WatchlistListed(page.items, many=True).data, "nextPageToken": page.next_token})

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_create", parameters=CREATE, request=NewWatchlistBody, responses={201: WatchlistChanged}
    )
    def post(self, request: Request) -> Response:
        """A new watchlist, empty or with items; at most 100."""
        body = checked_body(NewWatchlistBody, request)
        made = watchlist_create(user_id=user_id_of(request), entries=body.pop("items", ()), **body)
        headers = {**headers_of(made.version), "Location": f"{request.path}/{made.id}"}
        return Response(WatchlistAnswer(made).data, status=201, headers=headers)


class WatchlistView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="watchlist_get", parameters=READ, responses={200: WatchlistAnswer, 304: None})
    def get(self, request: Request, watchlist_id: UUID) -> HttpResponse:
        """One of your watchlists with its items, in their order."""
        found = watchlist_own(user_id_of(request), watchlist_id)
        return versioned(request, found.version, WatchlistAnswer(found).data)

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_replace", parameters=CHANGE, request=WatchlistBody, responses=WatchlistChanged
    )
    def put(self, request: Request, watchlist_id: UUID) -> Response:
        """Another name; whether it is the default stays where it is absent. Its items have a path of their own."""
        return self._change(request, watchlist_id, checked_body(WatchlistBody, request))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_change", parameters=CHANGE, request=WatchlistBody, responses=WatchlistChanged
    )
    def patch(self, request: Request, watchlist_id: UUID) -> Response:
        """Some of it."""
        return self._change(request, watchlist_id, checked_body(WatchlistBody, request, partial=True))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="watchlist_delete", parameters=[IF_MATCH_MAY], responses={204: None})
    def delete(self, request: Request, watchlist_id: UUID) -> Response:
        """Throw it away, with its items."""
        watchlist_delete(user_id=user_id_of(request), watchlist_id=watchlist_id, allowed=expected(request))
        return Response(status=204)

    def _change(self, request: Request, watchlist_id: UUID, changes: dict[str, Any]) -> Response:
        allowed = expected_needed(request)
        changed = watchlist_change(user_id=user_id_of(request), watchlist_id=watchlist_id, allowed=allowed, **changes)
        return Response(WatchlistAnswer(changed).data, headers=headers_of(changed.version))
