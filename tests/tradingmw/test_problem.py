"""Does every error have the one shape, and none of them HTML or a traceback?"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import Error, IntegrityError, OperationalError
from django.http import Http404
from django.test import Client, override_settings
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tradingmw import problem
from tradingmw.errors import Code, Conflict, OutcomeUnknown, TradingError, Unavailable
from tradingmw.strict import StrictSerializer, checked_body

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "errors", "requestId"}
RAISED: dict[str, Exception] = {
    "conflict": Conflict("It is final.", code=Code.ORDER_FINAL, order={"id": "7"}),
    "down": Unavailable(retry_after_seconds=3, outcome="none"),
    "soon": Unavailable(),
    "unknown": OutcomeUnknown(outcome="unknown"),
    "internal": TradingError(),
    "bug": ZeroDivisionError("secret"),
    "away": OperationalError("secret"),
    "victim": Error("40001", "secret"),
    "row": IntegrityError("secret"),
    "404": Http404("secret"),
    "403": PermissionDenied("secret"),
    "throttled": exceptions.Throttled(wait=7),
}


class Leg(StrictSerializer):
    limit_price = serializers.DecimalField(max_digits=10, decimal_places=2)


class Body(StrictSerializer):
    stop_price = serializers.DecimalField(max_digits=10, decimal_places=2, required=False)
    legs = Leg(many=True, required=False)


class RaisingView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request, name: str) -> Response:
        raise RAISED[name]

    def post(self, request: Request, name: str) -> Response:
        return Response({key: str(value) for key, value in checked_body(Body, request).items()})


def plain(request: Any, name: str) -> Any:
    raise {"400": SuspiciousOperation("secret"), "500": ZeroDivisionError("secret")}.get(name) or RAISED[name]


urlpatterns = [path("api/<str:name>", RaisingView.as_view()), path("plain/<str:name>", plain)]
handler400, handler403 = problem.bad_request, problem.permission_denied
handler404, handler500 = problem.not_found, problem.server_error


@pytest.fixture
def client() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(SERVER_NAME="localhost", raise_request_exception=False)


def told(answer: Any, status: int, code: str) -> Any:
    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert (body["status"], body["code"]) == (status, code)
    assert body.keys() >= MEMBERS
    assert "secret" not in answer.content.decode()
    return body


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/conflict", 409, "ORDER_FINAL"),
        ("/api/down", 503, "ENGINE_UNAVAILABLE"),
        ("/api/unknown", 504, "OUTCOME_UNKNOWN"),
        ("/api/internal", 500, "INTERNAL_ERROR"),
        ("/api/bug", 500, "INTERNAL_ERROR"),
        ("/api/away", 503, "DATABASE_UNAVAILABLE"),
        ("/api/victim", 503, "DATABASE_UNAVAILABLE"),
        ("/api/row", 500, "INTERNAL_ERROR"),
        ("/api/404", 404, "NOT_FOUND"),
        ("/api/403", 403, "FORBIDDEN"),
        ("/api/throttled", 429, "RATE_LIMITED"),
        ("/plain/400", 400, "MALFORMED_BODY"),
        ("/plain/403", 403, "FORBIDDEN"),
        ("/plain/404", 404, "NOT_FOUND"),
        ("/plain/500", 500, "INTERNAL_ERROR"),
        ("/nowhere", 404, "NOT_FOUND"),
    ],
)
def test_an_error_is_a_problem(client: Client, path: str, status: int, code: str) -> None:
    assert told(client.get(path), status, code)["instance"] == path


def test_a_bug_is_logged_with_its_traceback(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        client.get("/api/bug")
    assert "ZeroDivisionError" in caplog.text


def test_public_extras_are_members(client: Client) -> None:
    assert client.get("/api/conflict").json()["order"] == {"id": "7"}


@pytest.mark.parametrize(("path", "seconds"), [("down", "3"), ("soon", "1"), ("away", "1"), ("throttled", "7")])
def test_who_must_wait_is_told_how_long(client: Client, path: str, seconds: str) -> None:
    assert client.get(f"/api/{path}")["Retry-After"] == seconds


def test_the_request_id_of_the_caller_comes_back(client: Client) -> None:
    assert client.get("/api/404", headers={"X-Request-ID": "mine"}).json()["requestId"] == "mine"


@pytest.mark.parametrize(
    "body", ["{", "{}{}", "[]", "7", '"x"', "{'a': 1}", "\x00", "NaN", '{"a": 1, "a": 1}', '{"a": 1e400}']
)
def test_a_body_that_is_no_json_object_is_400(client: Client, body: str) -> None:
    told(client.post("/api/x", body, content_type="application/json"), 400, "MALFORMED_BODY")


def test_a_body_without_a_bottom_is_422(client: Client) -> None:
    told(client.post("/api/x", "[" * 5_000, content_type="application/json"), 422, "DEEP_JSON")


def test_a_body_that_is_not_utf8_is_400(client: Client) -> None:
    told(client.post("/api/x", b'{"a":"\xff"}', content_type="application/json"), 400, "MALFORMED_BODY")


def test_the_wrong_method_accept_and_content_type_are_problems(client: Client) -> None:
    told(client.delete("/api/x"), 405, "METHOD_NOT_ALLOWED")
    told(client.get("/api/x", headers={"Accept": "text/html"}), 406, "NOT_ACCEPTABLE")
    told(client.post("/api/x", "a=1", content_type="application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_each_bad_field_is_named_in_camel_case(client: Client) -> None:
    sent = {"stopPrice": "x", "legs": [{"limitPrice": "1"}, {"limitPrice": "1.234", "limit": 1}]}
    errors = told(client.post("/api/x", sent, "application/json"), 422, "VALIDATION_FAILED")["errors"]
    assert {(error["attr"], error["code"]) for error in errors} == {
        ("stopPrice", "invalid"),
        ("legs.1.limit", "unknown"),
    }


def test_snake_case_names_are_unknown(client: Client) -> None:
    answer = client.post("/api/x", {"stop_price": "1"}, "application/json")
    assert told(answer, 422, "VALIDATION_FAILED")["errors"][0]["attr"] == "stop_price"


def test_known_fields_pass(client: Client) -> None:
    assert client.post("/api/x", {"stopPrice": "1.50"}, "application/json").json() == {"stop_price": "1.50"}
