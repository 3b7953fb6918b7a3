"""What do `/alerts` and `/alerts/{id}` do?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs, rights_of_request
from accounts.policy import Function
from accounts.tokens import user_id_of
from notifications.alerts.selectors import alert_own, alerts_of
from notifications.alerts.services import ALERTS_MAX, alert_change, alert_create, alert_delete
from notifications.cursor import HEADER
from notifications.models import Condition
from notifications.models.alerts import NOTE_LENGTH
from notifications.shapes import alert_shape
from tradingmw.paging import PageQuery, page_asked
from tradingmw.strict import CamelSerializer, PositiveE8, StrictSerializer, checked_body

SYMBOL = r"^[A-Za-z0-9][A-Za-z0-9.\-/]{0,23}\Z"


class StrictBoolean(serializers.BooleanField):
    """JSON's true and false: "no" and 1 are not taken for either."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class NoteField(serializers.CharField):
    """A line of the user's own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": NOTE_LENGTH, "allow_blank": True, "required": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class AlertBody(StrictSerializer):
    """`targetPrice` is compared with the price of the last trade, strictly: at the target nothing has happened yet."""

    symbol = serializers.RegexField(SYMBOL, trim_whitespace=False)
    condition = serializers.ChoiceField([condition.value for condition in Condition])
    target_price = PositiveE8(source="target_e8")
    note = NoteField()
    is_active = StrictBoolean(required=False)


class AlertChangeBody(StrictSerializer):
    """A condition, a target, `isActive: true` and `isTriggered: false` arm the alert anew."""

    condition = serializers.ChoiceField([condition.value for condition in Condition])
    target_price = PositiveE8(source="target_e8")
    note = NoteField()
    is_active = StrictBoolean()
    is_triggered = StrictBoolean(help_text="Only false: arm it again.")

    def validate_isTriggered(self, value: bool) -> bool:  # noqa: N802  # named after the outward field
        if value:
            raise serializers.ValidationError("Only the market triggers an alert.", code="read_only")
        return value


class AlertAnswer(CamelSerializer):
    """`notifications.shapes.alert_shape`, written down for the document."""

    id = serializers.UUIDField()
    symbol = serializers.CharField()
    condition = serializers.ChoiceField([condition.value for condition in Condition])
    target_price = serializers.CharField()
    note = serializers.CharField()
    is_active = serializers.BooleanField()
    is_triggered = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    triggered_at = serializers.DateTimeField(allow_null=True)
    triggered_price = serializers.CharField(allow_null=True)


class AlertChanged(AlertAnswer):
    last_event_id = serializers.IntegerField(help_text="The private cursor after this write.")


class AlertsAnswer(CamelSerializer):
    items = AlertAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True)


class AlertsView(APIView):
    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="alerts_list", parameters=[PageQuery], responses=AlertsAnswer)
    def get(self, request: Request) -> Response:
        """Your alerts, newest first."""
        page = page_asked(alerts_of(user_id_of(request)), "created_at", request)
        return Response({"items": [alert_shape(row) for row in page.items], "nextPageToken": page.next_token})

    @needs(Function.ALERTS_KEEP)
    @extend_schema(
        operation_id="alert_create",
        request=AlertBody,
        responses={201: AlertChanged},
        description=f"Be told when the last price does this; where it has already, at once. At most {ALERTS_MAX}.",
    )
    def post(self, request: Request) -> Response:
        body = checked_body(AlertBody, request)
        alert, number = alert_create(user_id=user_id_of(request), rights=rights_of_request(request), **body)
        headers = {HEADER: str(number), "Location": f"{request.path}/{alert.id}"}
        return Response(alert_shape(alert), status=201, headers=headers)


class AlertView(APIView):
    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="alert_get", responses=AlertAnswer)
    def get(self, request: Request, alert_id: UUID) -> Response:
        """One of your alerts."""
        return Response(alert_shape(alert_own(user_id_of(request), alert_id)))

    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="alert_change", request=AlertChangeBody, responses=AlertChanged)
    def patch(self, request: Request, alert_id: UUID) -> Response:
        """Change it, turn it off or on, or arm it again."""
        changes = checked_body(AlertChangeBody, request, partial=True)
        rights = rights_of_request(request)
        alert, number = alert_change(user_id=user_id_of(request), rights=rights, alert_id=alert_id, **changes)
        return Response(alert_shape(alert), headers={HEADER: str(number)})

    @needs(Function.ALERTS_KEEP)
    @extend_schema(operation_id="alert_delete", responses={204: None})
    def delete(self, request: Request, alert_id: UUID) -> Response:
        """Throw it away. What it has told stays told."""
        number = alert_delete(user_id=user_id_of(request), alert_id=alert_id)
        return Response(status=204, headers={HEADER: str(number)})
