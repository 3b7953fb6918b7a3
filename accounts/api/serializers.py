"""What do the bodies of `/auth/…` look like?"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Session, User
from tradingmw.strict import CamelModelSerializer, CamelSerializer, StrictSerializer


class LoginBody(StrictSerializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1_024, trim_whitespace=False, style={"input_type": "password"})
    otp = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        default="",
        help_text="Six digits of an app, or a recovery code: where a second factor is set up.",
    )


class RefreshBody(StrictSerializer):
    refresh_token = serializers.CharField(
        max_length=400,
        required=False,
        allow_blank=True,
        default="",
        help_text="Programs only; a browser sends its cookie.",
    )


class SessionNameBody(StrictSerializer):
    name = serializers.CharField(max_length=60, allow_blank=True)


class PasswordBody(StrictSerializer):
    current_password = serializers.CharField(max_length=1_024, trim_whitespace=False, style={"input_type": "password"})
    new_password = serializers.CharField(max_length=1_024, trim_whitespace=False, style={"input_type": "password"})


class WriteAnswer(CamelSerializer):
    last_event_id = serializers.IntegerField(required=False, help_text="The private cursor after this write.")


class MfaTold(CamelSerializer):
    """Absent where a second factor is neither proven nor expected of the user."""

    state = serializers.ChoiceField(
        choices=["proven", "offered", "required"],
        help_text="`required`: until one is set up or proven, only `/auth/…` answers this session.",
    )
    methods = serializers.ListField(child=serializers.CharField(), help_text="Proven in this session.")


class TokensAnswer(WriteAnswer):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField(required=False, help_text="Programs only; a browser gets a cookie.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token lives.")
    mfa = MfaTold(required=False)


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
        fields = ["id", "name", "ip_address", "user_agent", "created_at", "last_active", "expires_at", "current"]
        read_only_fields = fields

    def get_current(self, session: Session) -> bool:
        return bool(session.id == self.context["session_id"])


class SessionsAnswer(CamelSerializer):
    items = SessionAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True)
