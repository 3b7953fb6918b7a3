"""What happens on a socket: it proves who it is, asks, is answered, and closes when its session ends.

A subclass lists its `methods` and overrides `on_authenticated` and `on_disconnect`. A handler takes the params (a
dict), returns the result, and raises TradingError (or msgspec.ValidationError → INVALID_PARAMS) to refuse. Requests of
one socket are handled one after another, in their order.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec
from channels.consumer import AsyncConsumer, get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer

from accounts.models import Session, User
from accounts.services import ticket_redeem
from accounts.sockets.closing import CloseCode
from accounts.sockets.frames import SUBPROTOCOLS, Format, MalformedFrame, Request, encode, message_of, read_request
from accounts.sockets.watch import session_watch
from accounts.tokens import access_token_check
from tradingmw.errors import Code, Forbidden, InvalidRequest, NotAuthenticated, TradingError

logger = logging.getLogger(__name__)

Handler = Callable[[Any, dict[str, Any]], Awaitable[Any]]
Message = MutableMapping[str, Any]


class AuthenticatedConsumer(AsyncConsumer):  # type: ignore[misc]  # channels ships no types
    """One socket. `user`, `session` and `format` are set before `on_authenticated` and stay set."""

    channel_layer_alias = None  # one receiver per process (hub, watch), never one per socket
    methods: ClassVar[dict[str, Handler]] = {}
    auth_seconds: ClassVar[float] = 10.0

    session: Session
    format: Format = Format.JSON
    authenticated = False
    closing = False
    _deadline: asyncio.TimerHandle | None = None

    @property
    def user(self) -> User:
        return self.session.user

    # What a subclass overrides ---------------------------------------------------------------------------------------

    async def on_authenticated(self) -> None:
        """Once, before the first request is answered."""

    async def on_disconnect(self) -> None:
        """Once, after the last request, if `on_authenticated` was called; the socket is gone."""

    async def write(self, payload: bytes) -> None:
        """Send a ready payload of this socket's format: the one place where anything but the close is sent."""
        if not self.closing:
            await self.send(message_of(payload, self.format))

    # What a subclass calls -------------------------------------------------------------------------------------------

    async def push(self, value: Any) -> None:
        """Encode `value` once and send it."""
        await self.write(encode(value, self.format))

    async def reply(self, request_id: int | str | None, result: Any) -> None:
        await self.push({"id": request_id, "status": "ok", "result": result})

    async def refuse(self, request_id: int | str | None, error: TradingError) -> None:
        shown = {"code": error.code, "message": error.detail}
        await self.push({"id": request_id, "status": "error", "error": shown})

    async def close(self, code: CloseCode) -> None:
        """Close once; nothing is sent after it."""
        if not self.closing:
            self.closing = True
            await self.send({"type": "websocket.close", "code": int(code)})

    # The life of a socket --------------------------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.closing = True
            await self._left()

    async def send(self, message: dict[str, Any]) -> None:
        """To the server. A client that is gone is no fault: its disconnect follows."""
        try:
            await super().send(message)
        except OSError:
            self.closing = True
        except RuntimeError:
            if not self.closing:  # a send that waited for a slow client while the socket was closed
                raise

    async def dispatch(self, message: Message) -> None:
        """To `websocket_…`; without the look at idle database connections that Channels takes at each message."""
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, _message: Message) -> None:
        chosen = next((name for name in self.scope["subprotocols"] if name in SUBPROTOCOLS), None)
        self.format = SUBPROTOCOLS[chosen] if chosen else Format.JSON
        await self.send({"type": "websocket.accept", "subprotocol": chosen})
        query = parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if tickets := query.get("ticket"):
            await self._enter({"ticket": tickets[0]})
        else:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self.auth_seconds, self._too_late, loop)

    async def websocket_receive(self, message: Message) -> None:
        if self.closing:
            return
        text = message.get("text")
        try:
            request = read_request(message["bytes"] if text is None else text, self.format)
        except MalformedFrame as error:
            await self.refuse(error.id, InvalidRequest(str(error), code=Code.MALFORMED_FRAME))
        else:
            await self._take(request)

    async def websocket_disconnect(self, _message: Message) -> None:
        raise StopConsumer

    async def end(self) -> None:
        """The session was ended."""
        await self.close(CloseCode.SESSION_ENDED)

    async def _left(self) -> None:
        self._stop_deadline()
        if self.authenticated:
            session_watch().leave(self, self.session)
            await self.on_disconnect()

    # Authentication --------------------------------------------------------------------------------------------------

    async def _enter(self, params: Any) -> None:
        """The first authentication: it succeeds, or the socket closes before anything was sent."""
        self._stop_deadline()
        try:
            self.session = await session_of(params)
        except TradingError:
            await self.close(CloseCode.INVALID_TOKEN)
            return
        if not session_watch().join(self, self.session):
            await self.close(CloseCode.TOO_MANY)
            return
        self.authenticated = True
        await self.on_authenticated()

    async def _auth(self, params: dict[str, Any]) -> dict[str, Any]:
        """`auth` again: the socket moves to the newer session of the same user, or stays as it is."""
        newer = await session_of(params)
        if newer.user_id != self.user.id:
            raise Forbidden("This socket belongs to another user.")
        session_watch().leave(self, self.session)
        session_watch().join(self, newer)
        self.session = newer
        return self._identity()

    def _identity(self) -> dict[str, Any]:
        return {
            "username": self.user.username,
            "sessionId": str(self.session.id),
            "expiresAt": f"{self.session.expires_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        }

    def _stop_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _too_late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._closing_late = loop.create_task(self.close(CloseCode.AUTH_TIMEOUT))

    # Requests --------------------------------------------------------------------------------------------------------

    async def _take(self, request: Request) -> None:
        if self.authenticated or request.method != "auth":
            await self._answer(request)
            return
        await self._enter(request.params)
        if self.authenticated:
            await self.reply(request.id, self._identity())

    async def _answer(self, request: Request) -> None:
        try:
            result = await self._result(request)
        except TradingError as error:
            await self.refuse(request.id, error)
        except msgspec.ValidationError as error:
            await self.refuse(request.id, InvalidRequest(str(error), code=Code.INVALID_PARAMS))
        except Exception:
            logger.exception("A request on a socket failed", extra={"method": request.method[:40]})
            await self.refuse(request.id, TradingError("The request could not be served."))
        else:
            await self.reply(request.id, result)

    async def _result(self, request: Request) -> Any:
        if not self.authenticated:
            raise NotAuthenticated("Send auth first.")
        handler = self.methods.get(request.method) or BUILT_IN.get(request.method)
        if handler is None:
            raise InvalidRequest("There is no such method.", code=Code.UNKNOWN_METHOD)
        return await handler(self, params_of(request))

    async def _ping(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"ts": time.time_ns() // 1_000}


BUILT_IN: dict[str, Handler] = {"auth": AuthenticatedConsumer._auth, "ping": AuthenticatedConsumer._ping}


def params_of(request: Request) -> dict[str, Any]:
    """The params as a dict; absent ones are empty."""
    params = {} if request.params is None else request.params
    if not isinstance(params, dict):
        raise InvalidRequest("params must be an object.", code=Code.INVALID_PARAMS)
    return params


async def session_of(params: Any) -> Session:
    """The live session of a ticket or an access token; a ticket is used up by this."""
    session: Session
    match params:
        case {"ticket": str(ticket)}:
            session = await database_sync_to_async(ticket_redeem)(ticket)
        case {"accessToken": str(token)}:
            session = await database_sync_to_async(access_token_check)(token)
        case _:
            raise InvalidRequest("params must hold a ticket or an accessToken.", code=Code.INVALID_PARAMS)
    return session
