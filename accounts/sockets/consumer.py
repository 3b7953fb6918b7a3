"""What happens on a socket: it proves who it is, asks, is answered, and closes when its session ends.

A subclass lists its `methods` and overrides `on_authenticated` and `on_disconnect`. A handler takes the params in the
type that it is annotated with, returns the result, and raises TradingError (or msgspec.ValidationError →
INVALID_PARAMS) to refuse. Requests of one socket are handled one after another, in their order; what takes a while is
answered `Later`, and a bounded number of these may be in flight.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, MutableMapping
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec
from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from django.db import Error

from accounts.models import Session, User
from accounts.policy import Function
from accounts.rights import rights_of, scopes_of
from accounts.sockets import tally
from accounts.sockets.closing import CloseCode
from accounts.sockets.door import VISIT, address_of, headers_of
from accounts.sockets.frames import SUBPROTOCOLS, Format, MalformedFrame, Request, encode, message_of, read_request
from accounts.sockets.in_flight import InFlight
from accounts.sockets.methods import Handler, Later, Method, Moment, Nothing, Pushes, answered, methods_of, refused
from accounts.sockets.pace import BURST_MESSAGES, MESSAGES_PER_SECOND, TURN_SECONDS, Pace
from accounts.sockets.proof import Identity, Proof, identity_of, session_of
from accounts.sockets.system import CHANNEL, SHUTDOWN_PUSHES, shutdown_notice
from accounts.sockets.turnstile import turnstiles
from accounts.sockets.watch import session_watch
from tradingmw.correlation import REQUEST_ID, request_id_of, serving
from tradingmw.database import database_away, is_away
from tradingmw.errors import Code, Forbidden, InvalidRequest, NotAuthenticated, TooManyRequests, TradingError

logger = logging.getLogger(__name__)
Message = MutableMapping[str, Any]
FAREWELL_SECONDS = 1.0  #: how long a stopping process waits for a client that does not read


class AuthenticatedConsumer(AsyncConsumer):  # type: ignore[misc]  # channels ships no types
    """One socket. `user`, `session` and `format` are set before `on_authenticated` and stay set."""

    methods: ClassVar[dict[str, Handler]] = {}
    pushes: ClassVar[dict[str, Pushes]] = {}
    offered: ClassVar[dict[str, Method]]  #: `methods` and the built-in ones, by what their signatures say
    auth_seconds: ClassVar[float] = 10.0
    burst_messages: ClassVar[int] = BURST_MESSAGES
    messages_per_second: ClassVar[int] = MESSAGES_PER_SECOND
    turn_seconds: ClassVar[float] = TURN_SECONDS

    session: Session
    format: Format = Format.JSON
    connection_id = ""  #: what names it in log lines and to the client (`X-Request-ID` of the handshake)
    authenticated = False
    closing = False
    _deadline: asyncio.TimerHandle | None = None

    def __init_subclass__(cls) -> None:
        cls.offered = methods_of({**BUILT_IN, **cls.methods})
        cls.pushes = {CHANNEL: SHUTDOWN_PUSHES, **cls.pushes}

    def __init__(self) -> None:
        super().__init__()
        self._in_flight = InFlight()
        self._pace = Pace(self.messages_per_second, self.burst_messages)

    @property
    def user(self) -> User:
        return self.session.user

    # What a subclass overrides ---------------------------------------------------------------------------------------

    async def on_authenticated(self) -> None:
        """Once, before the first request is answered."""

    async def on_disconnect(self) -> None:
        """Once, after the last request, if `on_authenticated` was called; the socket is gone."""

    async def on_answered(self) -> None:
        """After each answer but those that came `Later`: send what belongs behind it."""

    async def flushed(self) -> None:
        """Wait until what was written has left."""

    async def write(self, payload: bytes) -> None:
        """Send a ready payload of this socket's format: the one place where anything but the close is sent."""
        if not self.closing:
            await self.send(message_of(payload, self.format))

    # What a subclass calls -------------------------------------------------------------------------------------------

    async def push(self, value: Any) -> None:
        """Encode `value` once and send it."""
        await self.write(encode(value, self.format))

    async def reply(self, request_id: int | str | None, result: Any) -> None:
        await self.push(answered(request_id, result))

    async def refuse(self, request_id: int | str | None, error: TradingError) -> None:
        await self.push(refused(request_id, error))

    async def close(self, code: CloseCode) -> None:
        """Close once; nothing is sent after it."""
        if not self.closing:
            self.closing = True
            tally.count_close(code)
            await self.send({"type": "websocket.close", "code": int(code)})

    # The life of a socket --------------------------------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As Channels does it, without a task for each message; the layer has receivers of the process's own."""
        self.scope, self.base_send = scope, send
        try:
            with suppress(StopConsumer):
                while True:
                    message = await receive()
                    await getattr(self, get_handler_name(message))(message)
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

    async def websocket_connect(self, _message: Message) -> None:
        chosen = next((name for name in self.scope["subprotocols"] if name in SUBPROTOCOLS), None)
        self.format = SUBPROTOCOLS[chosen] if chosen else Format.JSON
        self.connection_id = request_id_of(headers_of(self.scope))
        mine = [(b"x-request-id", self.connection_id.encode())]
        await self.send({"type": "websocket.accept", "subprotocol": chosen, "headers": mine})
        if not session_watch().arrive(self):
            await self.shut_down()
            return
        query = parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if tickets := query.get("ticket"):
            await self._enter(Proof(tickets[0]))
        else:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self.auth_seconds, self._too_late, loop)

    async def websocket_receive(self, message: Message) -> None:
        if self.closing:
            return
        frame = message["bytes"] if message.get("text") is None else message["text"]
        if not self._pace.take(len(frame)):
            logger.warning("A socket is closed: it asks too fast", extra={"path": self.scope["path"]})
            await self.close(CloseCode.RATE)
            return
        if self._pace.turn_over:
            await asyncio.sleep(self.turn_seconds)
        try:
            request = read_request(frame, self.format)
        except MalformedFrame as error:
            await self.refuse(error.id, InvalidRequest(str(error), code=Code.MALFORMED_FRAME))
        else:
            await self._take(request)

    async def websocket_disconnect(self, _message: Message) -> None:
        """It is gone. Of many that go at once, each is taken leave of in its turn."""
        self.closing = True
        await turnstiles(asyncio.get_running_loop()).departures.passed()
        raise StopConsumer

    async def end(self, code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        """The session was ended, or its rights are others now."""
        await self.close(code)

    async def shut_down(self) -> None:
        """The process ends: say when to come back, and close. A client that does not read is left to the server."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self.push(shutdown_notice())
                await self.flushed()
                await self.close(CloseCode.SHUTTING_DOWN)

    async def _left(self) -> None:
        self._stop_deadline()
        session_watch().depart(self)
        self._in_flight.cancel()
        if self.authenticated:
            session_watch().leave(self, self.session)
            await self.on_disconnect()

    # Authentication --------------------------------------------------------------------------------------------------

    async def _enter(self, proof: Any) -> None:
        """The first authentication: it succeeds, or the socket closes before anything was sent."""
        self._stop_deadline()
        try:
            self._go_on_as(await session_of(msgspec.convert(proof, Proof), address_of(self.scope)))
        except (TradingError, msgspec.ValidationError):
            await self.close(CloseCode.INVALID_TOKEN)
            return
        except Error:
            logger.exception("Nobody could be looked up in the database; the socket is closed and may come back")
            await self.close(CloseCode.SHUTTING_DOWN)
            return
        if self.closing:  # the process began to stop meanwhile
            return
        if Function.SOCKETS_OPEN not in self.rights.functions:
            await self.close(CloseCode.FORBIDDEN)
            return
        if not session_watch().join(self, self.session, rights_of(self.user), address_of(self.scope)):
            await self.close(CloseCode.TOO_MANY)
            return
        self.authenticated = True
        if visit := self.scope.get(VISIT):
            visit.known()
        await self.on_authenticated()

    async def _auth(self, proof: Proof) -> Identity:
        """Prove who you are, within ten seconds; again, to go on in a newer session of the same user."""
        newer = await session_of(proof, address_of(self.scope))
        if newer.user_id != self.user.id:
            raise Forbidden("This socket belongs to another user.")
        session_watch().leave(self, self.session)
        session_watch().join(self, newer, rights_of(newer.user), address_of(self.scope))
        self._go_on_as(newer)
        return identity_of(self.session)

    def _go_on_as(self, session: Session) -> None:
        self.session, self.rights = session, rights_of(session.user, scopes_of(session))

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
            await self.reply(request.id, identity_of(self.session))

    async def _answer(self, request: Request) -> None:
        with serving(self._request_id(request)):
            await self._tell(request, self._result(request))
        await self.on_answered()

    def _request_id(self, request: Request) -> str:
        """`<id of the connection>:<id of the request>`, where that is a plain short text."""
        both = f"{self.connection_id}:{request.id}"
        return both if REQUEST_ID.fullmatch(both) else self.connection_id

    async def _tell(self, request: Request, work: Awaitable[Any]) -> None:
        """The result of `work` or why there is none; `Later` is told when it is there."""
        try:
            result = await work
        except TradingError as error:
            await self.refuse(request.id, error)
        except msgspec.ValidationError as error:
            await self.refuse(request.id, InvalidRequest(str(error), code=Code.INVALID_PARAMS))
        except Exception as error:
            logger.exception("A request on a socket failed", extra={"method": request.method[:40]})
            away = database_away() if is_away(error) else None
            await self.refuse(request.id, away or TradingError("The request could not be served."))
        else:
            if isinstance(result, Later):
                self._in_flight.start(self._tell(request, result.work))
            else:
                await self.reply(request.id, result)

    async def _result(self, request: Request) -> Any:
        if not self.authenticated:
            raise NotAuthenticated("Send auth first.")
        if (method := self.offered.get(request.method)) is None:
            raise InvalidRequest("There is no such method.", code=Code.UNKNOWN_METHOD)
        if method.later and self._in_flight.full:
            raise TooManyRequests("Too many requests are in flight: wait.", code=Code.TOO_MANY_REQUESTS_IN_FLIGHT)
        if method.function is not None:
            self.rights.need(method.function)
        return await method.handler(self, method.decoded(request.params))

    async def _ping(self, _params: Nothing) -> Moment:
        """What time is it on the server?"""
        return Moment(time.time_ns() // 1_000)


BUILT_IN: dict[str, Handler] = {"auth": AuthenticatedConsumer._auth, "ping": AuthenticatedConsumer._ping}
