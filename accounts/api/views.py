"""What does each path under `/auth/` do? Check the input, call one service or selector, shape the answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.cookies import cookie_forget, cookie_set, is_browser, refresh_token_needed, refresh_token_of
from accounts.api.serializers import (
    LoginBody,
    PasswordBody,
    RefreshBody,
    SessionAnswer,
    SessionNameBody,
    SessionsAnswer,
    TicketAnswer,
    TokensAnswer,
    UserAnswer,
)
from accounts.factors.policy import mfa_told
from accounts.logins import user_login
from accounts.models import Session, User
from accounts.passwords import password_change
from accounts.permissions import needs
from accounts.policy import Function
from accounts.selectors import session_of_refresh_token, session_own, sessions_of
from accounts.services import (
    Client,
    TokenPair,
    session_end,
    session_name,
    session_refresh,
    sessions_end_all,
    ticket_issue,
)
from accounts.tokens import SessionTokenAuthentication, grant_of
from tradingmw.errors import NotAuthenticated
from tradingmw.paging import PageQuery, newest_first
from tradingmw.strict import checked_body


def client_of(request: Request) -> Client:
    return Client(request.META.get("REMOTE_ADDR"), request.headers.get("User-Agent", ""))


def tokens_answer(request: Request, pair: TokenPair) -> Response:
    """The tokens, the refresh token in a cookie for a browser; never to be cached."""
    request.user = pair.session.user
    body: dict[str, Any] = {"accessToken": pair.access_token, "expiresIn": pair.expires_in_seconds}
    if mfa := mfa_told(pair.session):
        body["mfa"] = mfa
    if not is_browser(request):
        body["refreshToken"] = pair.refresh_token
    response = Response(body, headers={"Cache-Control": "no-store"})
    if is_browser(request):
        cookie_set(request, response, pair)
    return response


class LoginView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="login", request=LoginBody, responses=TokensAnswer, auth=[])
    def post(self, request: Request) -> Response:
        """Begin a session."""
        body = checked_body(LoginBody, request)
        pair = user_login(**body, client=client_of(request))
        return tokens_answer(request, pair)


class RefreshView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="refresh", request=RefreshBody, responses=TokensAnswer, auth=[])
    def post(self, request: Request) -> Response:
        """Go on with a session: new tokens for a refresh token, which is used up."""
        body = checked_body(RefreshBody, request)
        token = refresh_token_needed(request, body["refresh_token"])
        return tokens_answer(request, session_refresh(refresh_token=token, client=client_of(request)))


class LogoutView(APIView):
    """Logged in by the access token or by the refresh token: a browser whose access token is over can log out too."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="logout", request=RefreshBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session, its tokens and its sockets."""
        body = checked_body(RefreshBody, request)
        sessions = sessions_shown(request, refresh_token_of(request, body["refresh_token"]))
        if not sessions:
            raise NotAuthenticated
        for session in sessions:
            session_end(session=session, client=client_of(request))
        request.user = sessions[0].user
        response = Response(status=204)
        cookie_forget(request, response)
        return response


def sessions_shown(request: Request, refresh_token: str) -> list[Session]:
    """The sessions of the access token and of the refresh token, as far as they are ours."""
    found = [session_of_refresh_token(refresh_token)]
    try:
        granted = SessionTokenAuthentication().authenticate(request)
        found.append(granted[1].session if granted else None)
    except NotAuthenticated:
        if not found[0]:
            raise
    return list({session.id: session for session in found if session}.values())


class PasswordView(APIView):
    @needs(Function.SESSIONS_KEEP)
    @extend_schema(operation_id="password_change", request=PasswordBody, responses=TokensAnswer)
    def post(self, request: Request) -> Response:
        """Change my password; my other sessions end, and this one goes on with a new access token."""
        body = checked_body(PasswordBody, request)
        token, seconds = password_change(
            session=grant_of(request).session,
            current=body["current_password"],
            new=body["new_password"],
            client=client_of(request),
        )
        return Response({"accessToken": token, "expiresIn": seconds}, headers={"Cache-Control": "no-store"})


class MeView(APIView):
    @needs(Function.SELF_READ)
    @extend_schema(operation_id="me", responses=UserAnswer)
    def get(self, request: Request) -> Response:
        """Who am I?"""
        user = User.objects.select_related("desk", "account").get(id=grant_of(request).session.user_id)
        return Response(UserAnswer(user).data)


class SessionsView(APIView):
    @needs(Function.SESSIONS_KEEP)
    @extend_schema(operation_id="sessions_list", parameters=[PageQuery], responses=SessionsAnswer)
    def get(self, request: Request) -> Response:
        """My live sessions, newest first."""
        grant = grant_of(request)
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        place, limit = query.validated_data.get("page_token"), query.validated_data["limit"]
        page = newest_first(sessions_of(grant.session.user), "created_at", place, limit)
        items = SessionAnswer(page.items, many=True, context=_context(request)).data
        return Response({"items": items, "nextPageToken": page.next_token})

    @needs(Function.SESSIONS_KEEP)
    @extend_schema(operation_id="sessions_end", responses={204: None})
    def delete(self, request: Request) -> Response:
        """End all my sessions, this one too."""
        sessions_end_all(user=grant_of(request).session.user, client=client_of(request), reason="ended_by_user")
        return Response(status=204)


class SessionView(APIView):
    @needs(Function.SESSIONS_KEEP)
    @extend_schema(operation_id="session_get", responses=SessionAnswer)
    def get(self, request: Request, session_id: UUID) -> Response:
        """One of my live sessions."""
        session = session_own(grant_of(request).session.user, session_id)
        return Response(SessionAnswer(session, context=_context(request)).data)

    @needs(Function.SESSIONS_KEEP)
    @extend_schema(operation_id="session_name", request=SessionNameBody, responses=SessionAnswer)
    def patch(self, request: Request, session_id: UUID) -> Response:
        """Give one of my live sessions a name."""
        body = checked_body(SessionNameBody, request)
        grant = grant_of(request)
        session = session_own(grant.session.user, session_id)
        session_name(session=session, name=body["name"], client=client_of(request), within=grant.session_id)
        return Response(SessionAnswer(session, context=_context(request)).data)

    @needs(Function.SESSIONS_KEEP)
    @extend_schema(operation_id="session_end", responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        """End one of my sessions, its tokens and its sockets."""
        session = session_own(grant_of(request).session.user, session_id)
        session_end(session=session, client=client_of(request), reason="ended_by_user")
        return Response(status=204)


def _context(request: Request) -> dict[str, Any]:
    return {"session_id": grant_of(request).session_id}


class TicketView(APIView):
    @needs(Function.SOCKETS_OPEN)
    @extend_schema(operation_id="ws_ticket", request=None, responses=TicketAnswer)
    def post(self, request: Request) -> Response:
        """A one-use ticket for opening a WebSocket."""
        ticket = ticket_issue(session=grant_of(request).session, address=client_of(request).ip_address)
        body = {"ticket": ticket.text, "expiresIn": ticket.expires_in_seconds}
        return Response(body, headers={"Cache-Control": "no-store"})
