"""What do `/notifications`, `/notifications/{id}` and `/notifications/read-all` do?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs
from accounts.policy import Function
from accounts.tokens import user_id_of
from notifications.inbox.selectors import notification_own, notifications_of, unread_count
from notifications.inbox.services import notification_delete, notification_mark, notifications_read_all
from notifications.shapes import notification_shape
from tradingmw.paging import PageQuery, newest_first
from tradingmw.strict import CamelSerializer, StrictSerializer, checked_body


class NotificationsQuery(PageQuery):
    unread = serializers.BooleanField(default=False, help_text="Only those that are not read.")


class NotificationAnswer(CamelSerializer):
    """`notifications.shapes.notification_shape`, written down for the document."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    title = serializers.CharField()
    message = serializers.CharField()
    is_read = serializers.BooleanField()
    metadata = serializers.DictField()
    created_at = serializers.DateTimeField()


class NotificationChanged(NotificationAnswer):
    last_event_id = serializers.IntegerField(help_text="The private cursor after this write.")


class NotificationsAnswer(CamelSerializer):
    items = NotificationAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True)
    unread_count = serializers.IntegerField(help_text="Of all notifications, not only of this page.")


class NotificationBody(StrictSerializer):
    is_read = serializers.BooleanField()


class ReadAllAnswer(CamelSerializer):
    updated = serializers.IntegerField(help_text="So many were unread.")
    unread_count = serializers.IntegerField()
    last_event_id = serializers.IntegerField(help_text="The private cursor after this write.")


class NotificationsView(APIView):
    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="notifications_list", parameters=[NotificationsQuery], responses=NotificationsAnswer)
    def get(self, request: Request) -> Response:
        """What you were told, newest first."""
        user_id = user_id_of(request)
        query = NotificationsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked: dict[str, Any] = query.validated_data
        rows = notifications_of(user_id, unread_only=asked["unread"])
        page = newest_first(rows, "created_at", asked.get("page_token"), asked["limit"])
        items = [notification_shape(row) for row in page.items]
        return Response({"items": items, "nextPageToken": page.next_token, "unreadCount": unread_count(user_id)})


class NotificationView(APIView):
    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="notification_get", responses=NotificationAnswer)
    def get(self, request: Request, notification_id: UUID) -> Response:
        """One of your notifications."""
        return Response(notification_shape(notification_own(user_id_of(request), notification_id)))

    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="notification_mark", request=NotificationBody, responses=NotificationChanged)
    def patch(self, request: Request, notification_id: UUID) -> Response:
        """Mark it read or unread."""
        body = checked_body(NotificationBody, request)
        notification = notification_mark(
            user_id=user_id_of(request), notification_id=notification_id, is_read=body["is_read"]
        )
        return Response(notification_shape(notification))

    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="notification_delete", responses={204: None})
    def delete(self, request: Request, notification_id: UUID) -> Response:
        """Throw it away."""
        notification_delete(user_id=user_id_of(request), notification_id=notification_id)
        return Response(status=204)


class ReadAllView(APIView):
    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="notifications_read_all", request=None, responses=ReadAllAnswer)
    def post(self, request: Request) -> Response:
        """Mark all your notifications read."""
        user_id = user_id_of(request)
        updated = notifications_read_all(user_id=user_id)
        return Response({"updated": updated, "unreadCount": unread_count(user_id)})
