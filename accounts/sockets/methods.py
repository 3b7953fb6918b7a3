"""What can a client ask on a socket, with which params, and what is it answered?

The signature of a handler says it all: its params are decoded into the type that it is annotated with, and the AsyncAPI
document is made from the same annotations. So a method cannot take or give anything else than what is written down.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from accounts.permissions import MARK
from accounts.policy import Function
from tradingmw.errors import Code, InvalidRequest, TradingError
from tradingmw.token_buckets import Budget
from tradingmw.typed_body import RestBody, decoded

T = TypeVar("T")
Handler = Callable[[Any, Any], Awaitable[Any]]
REST_SCHEMAS = "#/components/schemas/"


class Nothing(Struct, frozen=True):
    """Params without a field, or a result that says no more than that it is done."""


class Moment(Struct, frozen=True):
    """The server's clock in epoch microseconds."""

    ts: int


class Later(Generic[T]):
    """What a handler returns where the answer takes a while: other requests of the socket are served meanwhile."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.work = work


class Budgeted(Generic[T]):
    """A result, and what is left of the budget that it was paid from; None where that is not known."""

    def __init__(self, result: T, budget: Budget | None) -> None:
        self.result, self.budget = result, budget


class Method(NamedTuple):
    """A handler and what its signature says. `later`: its answers may be overtaken by those of other requests.

    `function` is what it `@needs`; None for what every socket may ask. `budgeted`: its answers say what is left.
    """

    handler: Handler
    params: Any
    result: Any
    later: bool
    summary: str
    function: Function | None
    budgeted: bool = False

    def decoded(self, params: Any) -> Any:
        """`params` as the handler takes them; absent ones are empty. InvalidRequest, msgspec.ValidationError."""
        given = {} if params is None else params
        if not isinstance(given, dict):
            raise InvalidRequest("params must be an object.", code=Code.INVALID_PARAMS)
        if isinstance(self.params, type) and issubclass(self.params, RestBody):
            return decoded(self.params, given)
        return msgspec.convert(given, self.params)


class Pushes(NamedTuple):
    """The types of the items that a channel pushes, one per type of push, and what the channel is for."""

    summary: str
    update: Any
    snapshot: Any = None


def method_of(handler: Handler) -> Method:
    """What the signature and the docstring of `handler` say."""
    hints = get_type_hints(handler, include_extras=True)
    result = hints.pop("return", Any)
    later = get_origin(result) is Later
    (params,) = hints.values()
    answer = get_args(result)[0] if later else result
    budgeted = get_origin(answer) is Budgeted
    if budgeted:
        (answer,) = get_args(answer)
    summary, function = (handler.__doc__ or "").strip(), getattr(handler, MARK, None)
    return Method(handler, params, answer, later, summary, function, budgeted)


def methods_of(handlers: Mapping[str, Handler]) -> dict[str, Method]:
    return {name: method_of(handler) for name, handler in handlers.items()}


def rest_shape(component: str) -> Meta:
    """Annotates a dict that has the shape of a component of the OpenAPI document."""
    return Meta(extra_json_schema={"$ref": REST_SCHEMAS + component})


def rate_limit(budget: Budget | None) -> dict[str, Any]:
    """The member of an answer that says what is left; none where nothing was spent."""
    if budget is None:
        return {}
    told = {"limit": budget.limit, "remaining": budget.remaining, "resetSeconds": budget.reset_seconds}
    return {"rateLimit": told}


def answered(request_id: int | str | None, result: Any) -> dict[str, Any]:
    """The answer to a request that was served."""
    if isinstance(result, Budgeted):
        return {**answered(request_id, result.result), **rate_limit(result.budget)}
    return {"id": request_id, "status": "ok", "result": result}


def refused(request_id: int | str | None, error: TradingError) -> dict[str, Any]:
    return {"id": request_id, "status": "error", "error": told(error), **error.beside}


def told(error: TradingError) -> dict[str, Any]:
    """`error` as a client reads it: the members that its problem document has over REST, `message` for `detail`."""
    shown: dict[str, Any] = {**error.extra, "code": error.code, "message": error.detail}
    if error.errors:
        shown["errors"] = error.errors
    if error.retry_after_seconds is not None:
        shown["retryAfterSeconds"] = error.retry_after_seconds
    return shown
