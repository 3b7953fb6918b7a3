"""How is the usual order taken over REST without a framework in its way? In front of Django, by the same services.

What a screen or a program sends all day (`POST /orders`, `DELETE /orders/{id}`) is answered here at a fifth of the
cost. Only what surely needs nothing else is: a known session, a plain JSON body, a budget that is not spent.
Everything before the service is called leaves nothing behind, so whatever is not usual, or would be refused, is
handed to Django whole: the views of `orders.api.write` say what is wrong with it, and are what the document shows.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.http.request import split_domain_port, validate_host
from rest_framework.exceptions import ParseError

from accounts.factors.policy import factor_needed
from accounts.models import Session
from accounts.rights import Rights, rights_of
from accounts.tokens import access_token_check
from orders.api.answers import Written, order_placed, order_written, preferred_wait
from orders.api.bodies import PlaceOrderBody
from orders.entry import Asker, Known
from orders.requests import Caller
from orders.services import caller_of, order_cancel, order_place
from tradingmw.budgets import Purse
from tradingmw.correlation import current_request_id
from tradingmw.errors import TradingError
from tradingmw.http_metrics import SERVED
from tradingmw.json_body import strict_json
from tradingmw.middleware import standing_headers
from tradingmw.problem import problem_answer
from tradingmw.rate_limit import told_budget, user_budgets
from tradingmw.typed_body import decoded

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[bytes, bytes]

logger = logging.getLogger(__name__)
ORDERS = "/api/v1/orders"
ORDER = re.compile(rf"{ORDERS}/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})")
KNOWN_MAX = 10_000  #: sessions
ACCEPTED = frozenset({b"*/*", b"application/json"})
JSON = frozenset({b"application/json", b"application/json; charset=utf-8"})


_known: dict[UUID, Known] = {}  #: by session


class NotUsual(Exception):
    """Django is to answer; nothing was done yet."""


class Asked(NamedTuple):
    """A request that was understood: its route as metrics name it, who pays for it how, and what is to be done."""

    route: str
    caller: Caller
    purse: Purse
    work: Callable[[], Awaitable[Written]]


class OrderLane:
    """ASGI wrapper around Django's handler."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_write(scope):
            await self._application(scope, receive, send)
            return
        messages = await read(receive)
        try:
            asked = understood(scope, messages)
            budget = user_budgets().take(asked.caller.user, asked.purse, asked.caller.tier)
            if budget.wait_seconds:
                raise NotUsual
        except (NotUsual, TradingError, ParseError, SynchronousOnlyOperation):
            await self._application(scope, again(messages, receive), send)
            return
        scope[SERVED]["route"] = asked.route
        done = await outcome(asked, scope["path"])
        await answer(send, done, {**told_budget(budget), **standing_headers(scope["scheme"])})


def is_write(scope: Scope) -> bool:
    """By its first line; the rest is looked at when it has been read."""
    path = scope["path"]
    return (scope["method"] == "POST" and path == ORDERS) or (
        scope["method"] == "DELETE" and path.startswith(ORDERS) and ORDER.fullmatch(path) is not None
    )


async def read(receive: Receive) -> list[Message]:
    """To the body's end, which the limit in front has read already, or to the disconnect."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def understood(scope: Scope, messages: Sequence[Message]) -> Asked:
    """NotUsual, or what stands in its way where only Django can say it."""
    headers: Headers = dict(scope["headers"])
    is_whole = messages[-1]["type"] == "http.request" and len(headers) == len(scope["headers"])
    is_signed = b"signature-input" in headers or b"signature" in headers
    if not is_whole or is_signed or not is_plain(scope, headers):
        raise NotUsual
    caller, rights = caller_behind(headers.get(b"authorization", b""), scope)
    if scope["method"] == "POST":
        return to_place(caller, rights, headers, b"".join(message.get("body", b"") for message in messages))
    return to_cancel(caller, rights, UUID(scope["path"].rpartition("/")[2]))


def is_plain(scope: Scope, headers: Headers) -> bool:
    """For a host of ours, over a scheme that is served, without a query, and JSON both ways."""
    return (
        not scope["query_string"]
        and (scope["scheme"] == "https" or not settings.SECURE_SSL_REDIRECT)
        and is_ours(headers.get(b"host", b""))
        and headers.get(b"accept", b"*/*") in ACCEPTED
        and (scope["method"] == "DELETE" or headers.get(b"content-type") in JSON)
    )


@lru_cache(maxsize=100)
def is_ours(host: bytes) -> bool:
    domain, _ = split_domain_port(host.decode("latin-1"))
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def caller_behind(authorization: bytes, scope: Scope) -> Asker:
    """NotUsual, TradingError; SynchronousOnlyOperation where the session must be read from the database."""
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer":
        raise NotUsual
    address = (scope.get("client") or [None])[0]
    session = access_token_check(token.decode("latin-1").strip(), address)
    factor_needed(session)
    return asker_of(session, address)


def asker_of(session: Session, address: str | None) -> Asker:
    """Worked out once for each look at the session and his user: what is read anew is another one."""
    known = _known.get(session.id)
    if known is None or known.session is not session or known.asker.caller.ip_address != address:
        rights = rights_of(session.user)
        asker = Asker(caller_of(session.user, rights, address, session.id), rights)
        known = _known[session.id] = Known(session.user, session, asker)
        if len(_known) > KNOWN_MAX:
            del _known[next(iter(_known))]
    return known.asker


def to_place(caller: Caller, rights: Rights, headers: Headers, body: bytes) -> Asked:
    order = decoded(PlaceOrderBody, strict_json(body)).order(caller)
    wait_seconds = preferred_wait(headers.get(b"prefer", b"").decode("latin-1"))

    async def place() -> Written:
        answer = await order_place(order=order, rights=rights, wait_seconds=wait_seconds)
        return order_placed(answer, wait_seconds)

    return Asked("/api/v1/orders", caller, Purse.WRITES, place)


def to_cancel(caller: Caller, rights: Rights, order_id: UUID) -> Asked:
    async def cancel() -> Written:
        return order_written(await order_cancel(caller=caller, rights=rights, order_id=order_id), 202)

    return Asked("/api/v1/orders/<uuid:order_id>", caller, Purse.CANCELS, cancel)


async def outcome(asked: Asked, path: str) -> Written:
    """From here on it is served here, whatever comes of it."""
    try:
        return await asked.work()
    except TradingError as error:
        if error.status == 500:
            logger.error("A request failed", exc_info=error, extra={"path": path})
        refused = problem_answer(error, path, current_request_id())
    except Exception:
        logger.exception("A request failed", extra={"path": path})
        refused = problem_answer(TradingError(), path, current_request_id())
    return Written(refused.status_code, dict(refused.headers), refused.content)


async def answer(send: Send, done: Written, more: Mapping[str, str]) -> None:
    headers = {**more, **done.headers, "Content-Length": str(len(done.body))}
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": done.status, "headers": encoded})
    await send({"type": "http.response.body", "body": done.body})


def again(messages: Iterable[Message], receive: Receive) -> Receive:
    """`receive` as it was before these were read."""
    unread = iter(messages)

    async def received() -> Message:
        for message in unread:
            return message
        return await receive()

    return received
