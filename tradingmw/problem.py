"""How is any error of the REST side told? One shape (RFC 9457) for all of it, whoever met the error.

`{type, title, status, detail, instance, code, errors[], requestId}` as `application/problem+json`, plus the public
extras of a TradingError (`rules`, `order`, `outcome`, …). `code` is one of `tradingmw.errors.Code`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import ErrorResponse, ExceptionHandlerContext
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView, set_rollback

from tradingmw.correlation import request_id_of
from tradingmw.database import database_away, is_away
from tradingmw.errors import Code, TradingError

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
DETAIL_CHARACTERS_MAX = 500
RETRY_SECONDS = 1  #: 429 and 503 always say when to come back

#: DRF's errors, the more special first
CODES: list[tuple[type[exceptions.APIException], Code]] = [
    (exceptions.ValidationError, Code.VALIDATION_FAILED),
    (exceptions.ParseError, Code.MALFORMED_BODY),
    (exceptions.NotAuthenticated, Code.AUTHENTICATION_REQUIRED),
    (exceptions.AuthenticationFailed, Code.INVALID_TOKEN),
    (exceptions.PermissionDenied, Code.FORBIDDEN),
    (exceptions.NotFound, Code.NOT_FOUND),
    (exceptions.MethodNotAllowed, Code.METHOD_NOT_ALLOWED),
    (exceptions.NotAcceptable, Code.NOT_ACCEPTABLE),
    (exceptions.UnsupportedMediaType, Code.UNSUPPORTED_MEDIA_TYPE),
    (exceptions.Throttled, Code.RATE_LIMITED),
]


def title_of(code: Code) -> str:
    return code.replace("_", " ").capitalize()


def problem(
    *, status: int, code: Code, detail: str, instance: str, request_id: str, errors: Any = (), **extra: Any
) -> dict[str, Any]:
    """The document; the members that every problem has win over `extra`."""
    return {
        **extra,
        "type": f"urn:tradingmw:problem:{code.lower().replace('_', '-')}",
        "title": title_of(code),
        "status": status,
        "detail": detail[:DETAIL_CHARACTERS_MAX],
        "instance": instance,
        "code": code,
        "errors": list(errors),
        "requestId": request_id,
    }


def problem_response(
    request: HttpRequest, error: TradingError, *, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """The answer to a request that `error` stopped."""
    return problem_answer(error, request.path, request_id_of(request.headers), headers=headers)


def problem_answer(
    error: TradingError, path: str, request_id: str, *, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """The same where there is no request of Django's."""
    body = problem(
        status=error.status,
        code=error.code,
        detail=error.detail,
        instance=path,
        request_id=request_id,
        errors=error.errors,
        **error.extra,
    )
    retry = _retry(error.status, error.retry_after_seconds)
    return _response(body, {**retry, **error.headers, **(headers or {})})


def _response(body: dict[str, Any], headers: Mapping[str, str]) -> JsonResponse:
    return JsonResponse(body, status=body["status"], content_type=CONTENT_TYPE, headers=dict(headers))


def _retry(status: int, seconds: int | None) -> dict[str, str]:
    if seconds is None and status not in (429, 503):
        return {}
    return {"Retry-After": str(seconds or RETRY_SECONDS)}


# DRF ------------------------------------------------------------------------------------------------------------------


class ProblemFormatter(ExceptionFormatter):
    """DRF's error as members of the document."""

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        code = next((code for kind, code in CODES if isinstance(self.exc, kind)), Code.INTERNAL_ERROR)
        if code is not Code.VALIDATION_FAILED:
            return {"status": self.exc.status_code, "code": code, "detail": error_response.errors[0].detail}
        errors = [{"attr": e.attr or "", "code": e.code, "detail": e.detail} for e in error_response.errors]
        return {"status": 422, "code": code, "detail": "The request has values that cannot be taken.", "errors": errors}


def exception_handler(error: Exception, context: ExceptionHandlerContext) -> HttpResponse | None:
    """What settings name as DRF's `EXCEPTION_HANDLER`: known errors, DRF's errors and bugs, each as one problem."""
    request = cast(Request, context["request"])
    if is_away(error):
        logger.error("The database is away", extra={"path": request.path, "why": str(error)})
        error = database_away()
    if not isinstance(error, TradingError):
        return ProblemHandler(error, context).run()
    set_rollback()
    if error.status == 500:
        logger.error("A request failed", exc_info=error, extra={"path": request.path})
    return problem_response(request._request, error, headers=_challenge(error, request, context["view"]))


class ProblemHandler(ExceptionHandler):
    """DRF's errors, and bugs (logged with their traceback by the handler that we extend)."""

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        formatted: dict[str, Any] = ProblemFormatter(exc, self.context, self.exc).run()
        if formatted["code"] is Code.INTERNAL_ERROR:
            formatted["detail"] = TradingError.__doc__
        return formatted

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Any:
        request = cast(Request, self.context["request"])
        body = problem(**data, instance=request.path, request_id=request_id_of(request.headers))
        return _response(body, {**_retry(body["status"], None), **self.get_headers(exc)})


def _challenge(error: TradingError, request: Request, view: APIView) -> dict[str, str]:
    """A 401 says how to authenticate (RFC 9110)."""
    return {"WWW-Authenticate": view.get_authenticate_header(request) or "Bearer"} if error.status == 401 else {}


# Django ---------------------------------------------------------------------------------------------------------------


def _handled(request: HttpRequest, status: int, code: Code, detail: str) -> HttpResponse:
    error = TradingError(detail, code=code)
    error.status = status
    return problem_response(request, error)


def only_read(request: HttpRequest) -> HttpResponse | None:
    """405 for a request that is none for reading, else None."""
    if request.method in ("GET", "HEAD"):
        return None
    error = TradingError("Use GET.", code=Code.METHOD_NOT_ALLOWED)
    error.status = 405
    return problem_response(request, error, headers={"Allow": "GET, HEAD"})


def is_admin(request: HttpRequest) -> bool:
    """People look at the admin; everything else is read by programs."""
    return request.path.startswith("/admin/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_admin(request):
        return defaults.bad_request(request, exception)
    return _handled(request, 400, Code.MALFORMED_BODY, "The request could not be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_admin(request):
        return defaults.permission_denied(request, exception)
    return _handled(request, 403, Code.FORBIDDEN, "Your rights do not cover this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_admin(request):
        return defaults.page_not_found(request, exception)
    return _handled(request, 404, Code.NOT_FOUND, "There is no such thing.")


def server_error(request: HttpRequest) -> HttpResponse:
    if is_admin(request):
        return defaults.server_error(request)
    return _handled(request, 500, Code.INTERNAL_ERROR, "The request could not be served.")
