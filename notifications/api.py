# ruff: noqa: N815 (the fields are the contract's)
"""How are the private events read over REST, by a client that has no socket or fell out of one?"""

from __future__ import annotations

from typing import Any, cast

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.desks import desk_meant
from accounts.models import User
from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from notifications.items import event_item
from notifications.selectors import events_after
from notifications.stream import desk_stream, user_stream
from tradingmw.paging import LimitField

OWN, DESK = "own", "desk"
DESK_NAME_MAX = 40
NUMBER_MAX = 2**53 - 1  #: what a JavaScript client holds exactly


class NumberField(serializers.IntegerField):
    """An eventId in a query."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": NUMBER_MAX, **kwargs})


class EventsQuery(serializers.Serializer[Any]):
    """`pageToken` goes on where a page ended, and wins over `since`."""

    since = NumberField(default=0, help_text="The last eventId you have; 0 for the whole log.")
    pageToken = NumberField(required=False, help_text="The nextPageToken of the page before.")
    limit = LimitField()

    stream = serializers.ChoiceField(
        choices=[OWN, DESK], default=OWN, help_text="Your own; or the drop copy of your desk, for its head."
    )
    desk = serializers.CharField(
        required=False, max_length=DESK_NAME_MAX, help_text="With `stream=desk`: of this desk, for who sees all."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "desk" in attrs and attrs["stream"] != DESK:
            raise serializers.ValidationError({"desk": "Ask for stream=desk, too."})
        return attrs


class EventSerializer(serializers.Serializer[Any]):
    """The item of the trading socket, with its channel. `data` is the whole object after the event."""

    eventId = serializers.IntegerField()
    prevEventId = serializers.IntegerField()
    channel = serializers.CharField()
    kind = serializers.CharField()
    ts = serializers.IntegerField(help_text="Epoch microseconds.")
    data = serializers.DictField()  # type: ignore[assignment]  # a field, which DRF takes out of the class


class EventsPageSerializer(serializers.Serializer[Any]):
    items = EventSerializer(many=True)
    nextPageToken = serializers.CharField(allow_null=True)
    lastEventId = serializers.IntegerField(help_text="The last event of the stream when this page was read.")


def stream_asked(request: Request, asked: dict[str, Any]) -> str:
    """Forbidden and NotFound where it is not the caller's to see."""
    if asked["stream"] == DESK:
        return desk_stream(desk_meant(rights_of_request(request), asked.get("desk")))
    return user_stream(cast(User, request.user).id)


class EventsView(APIView):
    """`/events`"""

    @needs(Function.EVENTS_READ)
    @extend_schema(
        operation_id="events_list",
        summary="Your private events after a number, or a desk's, oldest first",
        parameters=[EventsQuery],
        responses=EventsPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = EventsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        since, limit = asked.get("pageToken", asked["since"]), asked["limit"]
        events, last = events_after(stream_asked(request, asked), since=since, limit=limit)
        items = [
            {"channel": event.channel, **msgspec.to_builtins(event_item(event, event.number - 1, msgspec.json.decode))}
            for event in events
        ]
        more = bool(events) and events[-1].number < last
        token = str(events[-1].number) if more else None
        return Response({"items": items, "nextPageToken": token, "lastEventId": last})
