"""What do the bodies of `/auth/…` look like?"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Session, User
from tradingmw.strict import CamelModelSerializer, CamelSerializer, StrictSerializer


class LoginBody(StrictSerializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1_024, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.CharField(max_length=64, required=False, help_text="Taken into account once a factor is set up.")


class RefreshBody(StrictSerializer):
    refresh_token = serializers.CharField(
        max_length=400,
        required=False,
        allow_blank=True,
        default="",
        help_text="Programs only; a browser sends its cookie.",
    )


class WriteAnswer(CamelSerializer):
    last_event_id = serializers.IntegerField(required=False, help_text="The private cursor after this write.")


class TokensAnswer(WriteAnswer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(required=False, help_text="Programs only; a browser gets a cookie.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lives.")


class TicketAnswer(WriteAnswer):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class UserAnswer(CamelModelSerializer):
    roles = serializers.ListField(child=serializers.CharField(), read_only=True)
    desk: Any = serializers.SlugRelatedField(slug_field="name", read_only=True, allow_null=True)
    account: Any = serializers.SlugRelatedField(slug_field="name", read_only=True, allow_null=True)

    class Meta:
        model = User
        fields = ["id", "username", "email", "roles", "desk", "account", "created_at", "last_login"]
        read_only_fields = fields


class SessionAnswer(CamelModelSerializer):
    current = serializers.SerializerMethodField(help_text="The session of this very request.")

    class Meta:
        model = Session
        fields = ["id", "ip_address", "user_agent", "created_at", "last_active", "expires_at", "current"]
        read_only_fields = fields

    def get_current(self, session: Session) -> bool:
        return bool(session.id == self.context["session_id"])


class SessionsAnswer(CamelSerializer):
    items = SessionAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True)
