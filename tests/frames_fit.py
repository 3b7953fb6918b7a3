"""Does every frame that a test receives fit the AsyncAPI document? The tests' connections look at each one.

Stricter than a client may be: a member that the document does not name is a fault, and so is a frame that no message
of the socket allows. Sockets that the document does not know (a test's own) are left alone.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec
import websockets.asyncio.client
import websockets.sync.client

from tradingmw.asyncapi import asyncapi_document

#: Frames looked at, by address and kind, of all tests together.
looked_at: Counter[tuple[str, str]] = Counter()


class Conversation:
    """One socket. It learns from the requests which answers are due."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._validators = validators().get(address, {})
        self._asked: dict[Any, str] = {}

    def sent(self, payload: Any, *, text: bool | None = None) -> None:
        """A request, where it can be read as one."""
        try:
            request = msgspec.json.decode(payload) if text else decode(payload)
            self._asked[request["id"]] = request["method"]
        except (msgspec.MsgspecError, ValueError, LookupError, TypeError, RecursionError):
            return  # a test may send anything; the answer to it is looked at

    def received(self, payload: str | bytes) -> None:
        """AssertionError where the frame is none of this socket's messages."""
        if not self._validators:
            return
        frame = decode(payload)
        kind = self._kind(frame)
        assert kind in self._validators, f"the document of {self._address} has no {kind}: {frame}"
        fault = next(self._validators[kind].iter_errors(frame), None)
        assert fault is None, f"{self._address}, {kind}, at {fault.instance_path}: {fault.message}"
        looked_at[self._address, kind] += 1

    def _kind(self, frame: dict[str, Any]) -> str:
        if "channel" in frame:
            return f"{frame['channel']} {frame['type']}"
        return "error" if frame["status"] == "error" else self._asked.get(frame["id"], "an answer to nothing")


def decode(payload: Any) -> Any:
    return msgspec.json.decode(payload) if isinstance(payload, str) else msgspec.msgpack.decode(payload)


@lru_cache(maxsize=1)
def validators() -> dict[str, dict[str, jsonschema_rs.Draft7Validator]]:
    """By address and kind of frame: `quotes update`, `subscribe` (its result), `error`."""
    document = closed(asyncapi_document())
    found: dict[str, dict[str, jsonschema_rs.Draft7Validator]] = {}
    for operation in document["operations"].values():
        address = at(document, operation["channel"])["address"]
        method = payloads(document, operation)[0]["properties"].get("method", {}).get("const", "")
        for payload in payloads(document, operation.get("reply", operation)):
            found.setdefault(address, {})[kind_of(payload) or method] = validator_of(payload, document)
    return found


def payloads(document: dict[str, Any], told: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the messages of an operation, or of its reply."""
    return [at(document, at(document, reference))["payload"] for reference in told["messages"]]


def kind_of(payload: dict[str, Any]) -> str:
    """Empty for the result of a method, which does not say of which."""
    properties = payload["properties"]
    if "channel" in properties:
        return f"{properties['channel']['const']} {properties['type']['const']}"
    return "error" if "error" in properties else ""


def validator_of(payload: dict[str, Any], document: dict[str, Any]) -> jsonschema_rs.Draft7Validator:
    schemas = {"components": {"schemas": document["components"]["schemas"]}}
    return jsonschema_rs.Draft7Validator({**payload, **schemas}, validate_formats=True)


def at(document: dict[str, Any], reference: dict[str, str]) -> Any:
    """What a `$ref` within the document points at."""
    found: Any = document
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def closed(schema: Any) -> Any:
    """The same, but an object has no other members than those that are named, unless it says that it may."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    is_open = schema.get("type") != "object" or "properties" not in schema or "additionalProperties" in schema
    return inner if is_open else {**inner, "additionalProperties": False}


class FittingConnection(websockets.asyncio.client.ClientConnection):
    """For `connect(…, create_connection=FittingConnection)`."""

    def __init__(self, protocol: Any, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.conversation = Conversation(protocol.uri.path)

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        self.conversation.sent(message, text=text)
        await super().send(message, text=text)

    async def recv(self, decode: bool | None = None) -> Any:
        payload = await super().recv(decode)
        self.conversation.received(payload)
        return payload


class FittingSyncConnection(websockets.sync.client.ClientConnection):
    """The same for the client without an event loop."""

    def __init__(self, socket: Any, protocol: Any, **options: Any) -> None:
        super().__init__(socket, protocol, **options)
        self.conversation = Conversation(protocol.uri.path)

    def send(self, message: Any, *, text: bool | None = None) -> None:
        self.conversation.sent(message, text=text)
        super().send(message, text=text)

    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Any:
        payload = super().recv(timeout, decode)
        self.conversation.received(payload)
        return payload
