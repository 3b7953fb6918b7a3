"""What do the bodies of `/auth/mfa/…` look like?"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import WriteAnswer
from accounts.models import Method, Passkey, TotpFactor
from accounts.models.factors import NAME_CHARACTERS
from tradingmw.strict import CamelModelSerializer, CamelSerializer, StrictSerializer

METHODS = [method.value for method in Method]
HANDLE_CHARACTERS = 64
OTP_CHARACTERS = 64
OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field(OBJECT)
class Credential(serializers.JSONField):
    """A PublicKeyCredential as its `toJSON()` writes it."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data


@extend_schema_field(OBJECT)
class CredentialOptions(serializers.JSONField):
    """What `navigator.credentials` takes, bytes as base64url: for `PublicKeyCredential.parse…OptionsFromJSON()`."""


class NameBody(StrictSerializer):
    name = serializers.CharField(max_length=NAME_CHARACTERS)


class CodeBody(StrictSerializer):
    code = serializers.CharField(max_length=OTP_CHARACTERS)


class PasskeyBody(StrictSerializer):
    challenge_id = serializers.CharField(max_length=HANDLE_CHARACTERS)
    name = serializers.CharField(max_length=NAME_CHARACTERS)
    credential = Credential()


class PasskeyLoginBody(StrictSerializer):
    attempt = serializers.CharField(max_length=HANDLE_CHARACTERS, help_text="`mfa.attempt` of the 401 MFA_REQUIRED.")
    credential = Credential()


class StepUpBody(StrictSerializer):
    """A code, or a passkey's answer to the challenge of `/auth/mfa/step-up/webauthn`."""

    otp = serializers.CharField(max_length=OTP_CHARACTERS, required=False, help_text="Of an app, or a recovery code.")
    challenge_id = serializers.CharField(max_length=HANDLE_CHARACTERS, required=False)
    credential = Credential(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if set(attrs) not in ({"otp"}, {"challenge_id", "credential"}):
            raise serializers.ValidationError("Give either otp, or challengeId and credential.")
        return attrs


class FactorAnswer(CamelSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class TotpAnswer(CamelModelSerializer):
    class Meta:
        model = TotpFactor
        fields = ["id", "name", "created_at", "last_used_at"]
        read_only_fields = fields


class PasskeyAnswer(CamelModelSerializer):
    class Meta:
        model = Passkey
        fields = ["id", "name", "created_at", "last_used_at"]
        read_only_fields = fields


class TotpListAnswer(CamelSerializer):
    items = TotpAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True, help_text="Always null: there are at most ten.")


class PasskeyListAnswer(CamelSerializer):
    items = PasskeyAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True, help_text="Always null: there are at most ten.")


class EnrolmentAnswer(WriteAnswer):
    """Told once: an app reads `uri` from `qr`, or `secret` is typed into it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    secret = serializers.CharField(help_text="Base32.")
    uri = serializers.CharField(help_text="otpauth://")
    qr = serializers.CharField(help_text="The same as SVG.")
    expires_in = serializers.IntegerField(help_text="Seconds within which a code must confirm it.")


class CeremonyAnswer(WriteAnswer):
    challenge_id = serializers.CharField(help_text="To be sent back with the answer, once.")
    expires_in = serializers.IntegerField(help_text="Seconds.")
    options = CredentialOptions()


class RecoveryCodesAnswer(WriteAnswer):
    codes = serializers.ListField(child=serializers.CharField(), help_text="Told once; each opens once.")


class RecoveryAnswer(CamelSerializer):
    left = serializers.IntegerField(help_text="Codes that still open.")


class StepUpAnswer(WriteAnswer):
    method = serializers.ChoiceField(choices=METHODS)
    fresh_until = serializers.DateTimeField()


class MfaAnswer(CamelSerializer):
    methods = serializers.ListField(
        child=serializers.CharField(), help_text="What is set up: totp, webauthn, recovery."
    )
    mfa_required = serializers.BooleanField(help_text="Whether your role must have a second factor.")
    proven_at = serializers.DateTimeField(allow_null=True, help_text="In this session.")
    fresh_until = serializers.DateTimeField(allow_null=True, help_text="Until then critical deeds need no step-up.")
