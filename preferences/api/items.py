"""What do `/me/watchlists/{id}/items` and `/me/watchlists/{id}/items/{itemId}` do?

The ETag is that of the whole watchlist: every change of its items makes it another one.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs
from accounts.policy import Function
from accounts.tokens import user_id_of
from preferences.api.headers import CHANGE, CREATE, ETAG, IF_MATCH_MAY, READ
from preferences.api.serializers import (
    WatchlistItemAnswer,
    WatchlistItemBody,
    WatchlistItemChange,
    WatchlistItemChanged,
    WatchlistItemsAnswer,
    WatchlistItemsBody,
    WatchlistItemsChanged,
)
from preferences.models import Watchlist
from preferences.selectors import watchlist_item_own, watchlist_own
from preferences.services.items import item_add, item_change, item_remove, items_replace
from tradingmw.etags import expected, expected_needed, headers_of, versioned
from tradingmw.strict import checked_body


class ItemsView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_items_list", parameters=READ, responses={200: WatchlistItemsAnswer, 304: None}
    )
    def get(self, request: Request, watchlist_id: UUID) -> HttpResponse:
        """All items of a watchlist, in their order."""
        found = watchlist_own(user_id_of(request), watchlist_id)
        return versioned(request, found.version, self._shown(found))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_item_add",
        parameters=[IF_MATCH_MAY, *CREATE],
        request=WatchlistItemBody,
        responses={201: WatchlistItemChanged},
    )
    def post(self, request: Request, watchlist_id: UUID) -> Response:
        """One more item; at most 500."""
        body = checked_body(WatchlistItemBody, request)
        added = item_add(user_id=user_id_of(request), watchlist_id=watchlist_id, allowed=expected(request), **body)
        headers = {**headers_of(added.watchlist.version), "Location": f"{request.path}/{added.id}"}
        return Response(WatchlistItemAnswer(added).data, status=201, headers=headers)

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_items_replace",
        parameters=CHANGE,
        request=WatchlistItemsBody,
        responses=WatchlistItemsChanged,
    )
    def put(self, request: Request, watchlist_id: UUID) -> Response:
        """Reorder, add and remove in one request: exactly these items, in this order. What stays keeps its id and,
        where `customFields` is absent, these too."""
        entries = checked_body(WatchlistItemsBody, request)["items"]
        changed = items_replace(
            user_id=user_id_of(request),
            watchlist_id=watchlist_id,
            allowed=expected_needed(request),
            entries=entries,
        )
        return Response(self._shown(changed), headers=headers_of(changed.version))

    def _shown(self, watchlist: Watchlist) -> dict[str, object]:
        return {"items": WatchlistItemAnswer(watchlist.items, many=True).data, "nextPageToken": None}


class ItemView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="watchlist_item_get", parameters=READ, responses={200: WatchlistItemAnswer, 304: None})
    def get(self, request: Request, watchlist_id: UUID, item_id: UUID) -> HttpResponse:
        """One item."""
        found = watchlist_item_own(user_id_of(request), watchlist_id, item_id)
        return versioned(request, found.watchlist.version, WatchlistItemAnswer(found).data)

    @needs(Function.SCREENS_KEEP)
    @extend_schema(
        operation_id="watchlist_item_change",
        parameters=CHANGE,
        request=WatchlistItemChange,
        responses=WatchlistItemChanged,
    )
    def patch(self, request: Request, watchlist_id: UUID, item_id: UUID) -> Response:
        """Move it, or note something else with it."""
        changed = item_change(
            user_id=user_id_of(request),
            watchlist_id=watchlist_id,
            item_id=item_id,
            allowed=expected_needed(request),
            **checked_body(WatchlistItemChange, request),
        )
        return Response(WatchlistItemAnswer(changed).data, headers=headers_of(changed.watchlist.version))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="watchlist_item_remove", parameters=[IF_MATCH_MAY, ETAG], responses={204: None})
    def delete(self, request: Request, watchlist_id: UUID, item_id: UUID) -> Response:
        """Take it off the list."""
        version = item_remove(
            user_id=user_id_of(request), watchlist_id=watchlist_id, item_id=item_id, allowed=expected(request)
        )
        return Response(status=204, headers=headers_of(version))
