"""What do `/auth/keys` and `/auth/keys/{id}` do? Only people keep keys; no key makes another one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.serializers import WriteAnswer
from accounts.api.views import client_of
from accounts.models import ApiKey
from accounts.permissions import needs, rights_of_request
from accounts.policy import SCOPES, Function
from accounts.signatures.services import key_create, key_own, key_revoke, keys_of
from accounts.tokens import grant_of, user_id_of
from tradingmw.paging import PageQuery, page_asked
from tradingmw.strict import CamelSerializer, StrictSerializer, checked_body


class ApiKeyBody(StrictSerializer):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField([function.value for function in sorted(SCOPES)]), min_length=1, max_length=20
    )
    public_key = serializers.CharField(max_length=64, help_text="Ed25519, 32 bytes in base64.")
    networks = serializers.ListField(child=serializers.CharField(max_length=43), max_length=4, default=list)
    expires_at = serializers.DateTimeField(help_text="At most 366 days from now.")


class ApiKeyAnswer(WriteAnswer):
    """`id` is the `keyid` of signatures."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    public_key = serializers.CharField()
    networks = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class ApiKeysAnswer(CamelSerializer):
    items = ApiKeyAnswer(many=True)
    next_page_token = serializers.CharField(allow_null=True)


def shown(key: ApiKey) -> dict[str, Any]:
    used = key.session.last_active if key.session and key.session.last_active > key.session.created_at else None
    return dict(
        ApiKeyAnswer(
            {
                "id": key.id,
                "name": key.name,
                "scopes": key.scopes.split(),
                "public_key": key.public_key,
                "networks": key.networks.split(),
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": used,
            }
        ).data
    )


class ApiKeysView(APIView):
    @needs(Function.KEYS_KEEP)
    @extend_schema(operation_id="api_keys_list", parameters=[PageQuery], responses=ApiKeysAnswer)
    def get(self, request: Request) -> Response:
        """Your keys, newest first, those that are over too."""
        page = page_asked(keys_of(user_id_of(request)), "created_at", request)
        return Response({"items": [shown(key) for key in page.items], "nextPageToken": page.next_token})

    @needs(Function.KEYS_KEEP)
    @extend_schema(operation_id="api_key_create", request=ApiKeyBody, responses={201: ApiKeyAnswer})
    def post(self, request: Request) -> Response:
        """A key for a program, which signs its requests with it. Needs a second factor proven lately."""
        body = checked_body(ApiKeyBody, request)
        session = grant_of(request).session
        key = key_create(session=session, rights=rights_of_request(request), client=client_of(request), **body)
        return Response(shown(key), status=201, headers={"Location": f"{request.path}/{key.id}"})


class ApiKeyView(APIView):
    @needs(Function.KEYS_KEEP)
    @extend_schema(operation_id="api_key_get", responses=ApiKeyAnswer)
    def get(self, request: Request, key_id: UUID) -> Response:
        """One of your keys."""
        return Response(shown(key_own(user_id_of(request), key_id)))

    @needs(Function.KEYS_KEEP)
    @extend_schema(operation_id="api_key_revoke", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke it: it signs nothing any more, and its sockets close."""
        key = key_own(user_id_of(request), key_id)
        session = grant_of(request).session
        key_revoke(session=session, rights=rights_of_request(request), client=client_of(request), key=key)
        return Response(status=204)
