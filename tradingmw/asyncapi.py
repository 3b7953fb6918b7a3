"""What can be said and heard on the sockets? An AsyncAPI 3 document, made from the types that decode and encode it.

Params, results and items of pushes are the annotations of the consumers. Where a socket carries a shape of REST, its
schema is taken from the OpenAPI document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from django.urls import URLPattern
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import marketdata.routing
import orders.routing
from accounts.sockets import AuthenticatedConsumer
from accounts.sockets.closing import MEANINGS
from accounts.sockets.frames import SUBPROTOCOLS
from accounts.sockets.methods import REST_SCHEMAS, Method, Pushes
from tradingmw.errors import Code
from tradingmw.typed_body import schemas_of

Schema = dict[str, Any]
VERSION = "1.0.0"
TEMPLATE = REST_SCHEMAS + "{name}"
REFUSED = "Refused"
REQUEST_ID: Schema = {"type": ["integer", "string", "null"], "description": "Yours; it comes back in the answer."}
ABOUT = """\
Two sockets: market data, and everything of your own account or desk, order entry included.

**Formats.** The subprotocol chooses: `tmw.json.v1` (text frames, the default) or `tmw.msgpack.v1` (binary frames). Both
have the same fields: prices, quantities and amounts are decimal strings, `ts` is integer epoch microseconds, names
that end in `At` are RFC 3339. Unknown fields are ignored, except in the bodies of orders, where they are refused.
`permessage-deflate` is agreed on where the installation has it on, without context takeover; small messages stay plain.

**Authentication.** A one-use ticket (`POST /api/v1/auth/ws-ticket`) in the address, or a first message `auth` with a
ticket or an access token within ten seconds. `auth` again goes on in a newer session of the same user.

**Requests.** `{id, method, params}` is answered by `{id, status: "ok", result}` or `{id, status: "error", error}`; its
members are those of the problem that REST would answer. Answers come in the order of the requests, but those of
`order.…`, which come when they are there; the order bridge takes them in the order in which they were sent. At most 128
of them may be in flight. `rateLimit` beside their results and errors says what is left of your budget.

**Heartbeat.** Each second on the channel `heartbeat`; also WebSocket pings every 20 seconds.
"""
ERROR: Schema = {
    "type": "object",
    "description": "The members of the problem that REST would answer; some codes bring further ones.",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "enum": [code.value for code in Code]},
        "message": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["attr", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("attr", "code", "detail")},
            },
        },
        "retryAfterSeconds": {"type": "integer"},
        "outcome": {"enum": ["none", "unknown"]},
        "poll": {"type": "string", "description": "Where to ask what became of it."},
    },
    "additionalProperties": True,
}

RATE_LIMIT: Schema = {
    "type": "object",
    "description": "What you have left of your budget, in all your sockets and requests together.",
    "required": ["limit", "remaining", "resetSeconds"],
    "properties": {name: {"type": "integer", "minimum": 0} for name in ("limit", "remaining", "resetSeconds")},
}


class Message(NamedTuple):
    """One message of a socket: its name in the document, what it is for, and the schema of its payload."""

    name: str
    summary: str
    payload: Schema


class Socket(NamedTuple):
    """`name` is the last part of `path`."""

    name: str
    path: str
    consumer: type[AuthenticatedConsumer]


def sockets() -> list[Socket]:
    patterns: list[URLPattern] = [*marketdata.routing.websocket_urlpatterns, *orders.routing.websocket_urlpatterns]
    paths = [str(pattern.pattern) for pattern in patterns]
    consumers = [pattern.callback.consumer_class for pattern in patterns]  # type: ignore[attr-defined]
    return [Socket(path.rpartition("/")[2], f"/{path}", one) for path, one in zip(paths, consumers, strict=True)]


@lru_cache(maxsize=1)
def asyncapi_document() -> dict[str, Any]:
    """The document without its servers."""
    writers = [SocketWriter(socket) for socket in sockets()]
    refused = Message(REFUSED, "The request could not be served.", answer("error", "error", ERROR))
    messages = [refused, *[message for writer in writers for message in writer.messages.values()]]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Trading platform middleware: sockets", "version": VERSION, "description": ABOUT},
        "defaultContentType": "application/json",
        "channels": {writer.socket.name: writer.channel() for writer in writers},
        "operations": {name: operation for writer in writers for name, operation in writer.operations()},
        "components": {
            "messages": {message.name: as_component(message) for message in messages},
            "schemas": draft_07(all_schemas(writers)),
            "securitySchemes": {
                "ticket": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": "One use, 30 seconds at most.",
                }
            },
        },
    }


class SocketWriter:
    """What the document says of one socket. `components` are the schemas that its messages refer to."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self._title = socket.name.capitalize()
        methods, pushes = socket.consumer.offered, socket.consumer.pushes
        kinds = [*kinds_of_methods(methods.values()), *kinds_of_pushes(pushes.values())]
        schemas, self.components = schemas_of(kinds, TEMPLATE)
        self._schemas = iter(schemas)  # in the order of `kinds`: so are the messages written
        self._requests = {name: self._exchange(name, method) for name, method in methods.items()}
        self._pushes = {name: list(self._pushed(name, push)) for name, push in pushes.items()}

    @property
    def messages(self) -> dict[str, Message]:
        exchanged = [message for exchange in self._requests.values() for message in exchange]
        pushed = [message for messages in self._pushes.values() for message in messages]
        return {message.name: message for message in [*exchanged, *pushed]}

    def _exchange(self, name: str, method: Method) -> tuple[Message, Message]:
        title = self._title + camel(name)
        params, result = next(self._schemas), next(self._schemas)
        return (
            Message(f"{title}Request", method.summary, request(name, params)),
            Message(f"{title}Result", f"The answer to `{name}`.", answer("ok", "result", result, method.budgeted)),
        )

    def _pushed(self, name: str, push: Pushes) -> Iterator[Message]:
        for kind, item in (("update", push.update), ("snapshot", push.snapshot)):
            if item is not None:
                title = f"{self._title}{camel(name)}{camel(kind)}"
                yield Message(title, push.summary, pushed(name, kind, next(self._schemas)))

    def channel(self) -> dict[str, Any]:
        names = [*self.messages, REFUSED]
        query = {"type": "object", "properties": {"ticket": {"type": "string"}}}
        headers = {"type": "object", "properties": {"Sec-WebSocket-Protocol": {"enum": list(SUBPROTOCOLS)}}}
        return {
            "address": self.socket.path,
            "description": (self.socket.consumer.__doc__ or "").strip(),
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {"ws": {"method": "GET", "query": query, "headers": headers, "bindingVersion": "0.1.0"}},
            "x-subprotocols": list(SUBPROTOCOLS),
            "x-close-codes": {str(int(code)): meaning for code, meaning in MEANINGS.items()},
        }

    def operations(self) -> Iterator[tuple[str, dict[str, Any]]]:
        name, channel = self.socket.name, {"$ref": f"#/channels/{self.socket.name}"}
        for method, (asked, result) in self._requests.items():
            yield (
                f"{name}-{method.replace('.', '-')}",
                {
                    "action": "receive",
                    "channel": channel,
                    "summary": asked.summary,
                    "messages": [self._reference(asked.name)],
                    "reply": {"channel": channel, "messages": [self._reference(result.name), self._reference(REFUSED)]},
                },
            )
        for pushed_channel, messages in self._pushes.items():
            yield (
                f"{name}-push-{pushed_channel}",
                {
                    "action": "send",
                    "channel": channel,
                    "summary": messages[0].summary,
                    "messages": [self._reference(message.name) for message in messages],
                },
            )

    def _reference(self, message: str) -> dict[str, str]:
        return {"$ref": f"#/channels/{self.socket.name}/messages/{message}"}


def kinds_of_methods(methods: Iterable[Method]) -> list[Any]:
    return [kind for method in methods for kind in (method.params, method.result)]


def kinds_of_pushes(pushes: Iterable[Pushes]) -> list[Any]:
    return [item for push in pushes for item in (push.update, push.snapshot) if item is not None]


def camel(name: str) -> str:
    """`order.cancelAll` → `OrderCancelAll`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]", name))


# Payloads -------------------------------------------------------------------------------------------------------------


def request(method: str, params: Schema) -> Schema:
    properties = {"id": REQUEST_ID, "method": {"const": method}, "params": params}
    return {"type": "object", "required": ["method"], "properties": properties}


def answer(status: str, member: str, schema: Schema, budgeted: bool = True) -> Schema:
    properties = {"id": REQUEST_ID, "status": {"const": status}, member: schema}
    told = {"rateLimit": RATE_LIMIT} if budgeted else {}
    return {"type": "object", "required": list(properties), "properties": {**properties, **told}}


def pushed(channel: str, kind: str, item: Schema) -> Schema:
    properties = {"channel": {"const": channel}, "type": {"const": kind}, "data": {"type": "array", "items": item}}
    return {"type": "object", "required": list(properties), "properties": properties}


def as_component(message: Message) -> dict[str, Any]:
    component = {"name": message.name, "summary": message.summary, "payload": message.payload}
    if "id" in message.payload["properties"]:
        component["correlationId"] = {"location": "$message.payload#/id"}
    return component


# Schemas --------------------------------------------------------------------------------------------------------------


def all_schemas(writers: list[SocketWriter]) -> dict[str, Schema]:
    """Those of the sockets' own types, and of the OpenAPI document what these refer to; ValueError for a clash."""
    found: dict[str, Schema] = {}
    for writer in writers:
        add(found, writer.components)
    of_rest: dict[str, Schema] = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]  # type: ignore[no-untyped-call]
    payloads = [message.payload for writer in writers for message in writer.messages.values()]
    while missing := references([payloads, found]) - found.keys():
        add(found, {name: of_rest[name] for name in sorted(missing)})
    return found


def add(found: dict[str, Schema], more: dict[str, Schema]) -> None:
    for name, schema in more.items():
        if found.setdefault(name, schema) != schema:
            raise ValueError(f"Two schemas are called {name}.")


def draft_07(schema: Any) -> Any:
    """In the words of AsyncAPI's schemas, which are JSON Schema draft 07: a tuple's members are `items`."""
    if isinstance(schema, list):
        return [draft_07(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: draft_07(value) for name, value in schema.items()}
    if isinstance(members := told.pop("prefixItems", None), list):
        told |= {"items": members, "additionalItems": told.get("items", True)}
    return told


def references(schema: Any) -> set[str]:
    """The names of all components that `schema` refers to."""
    if isinstance(schema, list):
        return set().union(*map(references, schema))
    if not isinstance(schema, dict):
        return set()
    own = {str(schema["$ref"]).removeprefix(REST_SCHEMAS)} if isinstance(schema.get("$ref"), str) else set()
    return own.union(*map(references, schema.values()))


class AsyncApiView(APIView):
    """`/asyncapi.json`, for everybody."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        protocol = "wss" if request.is_secure() else "ws"
        security = [{"$ref": "#/components/securitySchemes/ticket"}]
        server = {"host": request.get_host(), "protocol": protocol, "security": security}
        return Response({**asyncapi_document(), "servers": {"here": server}})
