"""What do `/me/profile` and `/me/preferences` do?"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import needs
from accounts.policy import Function
from accounts.tokens import user_id_of
from preferences.api.serializers import ProfileAnswer, ProfileBody, ProfileChanged
from preferences.documents import Document
from preferences.selectors import profile_of
from preferences.services.profiles import preferences_replace, profile_change
from tradingmw.strict import body_object, checked_body


class ProfileView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="profile_get", responses=ProfileAnswer)
    def get(self, request: Request) -> Response:
        """What you tell about yourself."""
        return Response(ProfileAnswer(profile_of(user_id_of(request))).data)

    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="profile_replace", request=ProfileBody, responses=ProfileChanged)
    def put(self, request: Request) -> Response:
        """All of it; what is absent becomes empty."""
        return self._change(request, checked_body(ProfileBody, request))

    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="profile_change", request=ProfileBody, responses=ProfileChanged)
    def patch(self, request: Request) -> Response:
        """Some of it."""
        return self._change(request, checked_body(ProfileBody, request, partial=True))

    def _change(self, request: Request, changes: dict[str, Any]) -> Response:
        return Response(ProfileAnswer(profile_change(user_id=user_id_of(request), **changes)).data)


class PreferencesView(APIView):
    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="preferences_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The settings of your screens, as they were last put."""
        return Response(profile_of(user_id_of(request)).preferences)

    @needs(Function.SCREENS_KEEP)
    @extend_schema(operation_id="preferences_replace", request=OpenApiTypes.OBJECT, responses={204: None})
    def put(self, request: Request) -> Response:
        """Any JSON object of at most 64 levels and 64 KiB, in place of the earlier one."""
        preferences_replace(user_id=user_id_of(request), document=Document.checked(body_object(request)))
        return Response(status=204)
