"""Do `/me/profile` and `/me/preferences` keep what a user puts there?"""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from preferences.models import UserProfile
from tests.preferences.conftest import client_of
from tests.preferences.test_documents import nested

PROFILE = "/api/v1/me/profile"
PREFERENCES = "/api/v1/me/preferences"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [PROFILE, PREFERENCES])
def test_who_is_not_logged_in_has_none(path: str) -> None:
    assert APIClient().get(path).status_code == 401


def test_a_profile_is_there_before_it_was_ever_written(client: APIClient, ann: User) -> None:
    assert client.get(PROFILE).json() == {
        "userId": str(ann.id),
        "fullName": "",
        "contactNumber": "",
        "timezone": "UTC",
        "updatedAt": None,
    }
    assert not UserProfile.objects.exists()


def test_a_put_replaces_and_a_patch_changes_some(client: APIClient) -> None:
    full = {"fullName": "Ann Smith", "contactNumber": "+49 30 1234", "timezone": "Europe/Berlin"}
    put = client.put(PROFILE, full, format="json").json()
    assert {name: put[name] for name in full} == full
    assert client.patch(PROFILE, {"timezone": "Asia/Tokyo"}, format="json").json()["fullName"] == "Ann Smith"
    assert client.put(PROFILE, {"fullName": "A."}, format="json").json()["timezone"] == "UTC"


def test_a_write_answers_the_private_cursor(client: APIClient) -> None:
    assert client.put(PROFILE, {}, format="json").json()["lastEventId"] == 0
    assert client.put(PREFERENCES, {}, format="json")["X-Last-Event-Id"] == "0"


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": None}, "timezone"),
        ({"fullName": "x" * 201}, "fullName"),
        ({"contactNumber": "1" * 41}, "contactNumber"),
        ({"fullName": "a\0b"}, "fullName"),
        ({"preferences": {}}, "preferences"),
        ({"fullname": "Ann"}, "fullname"),
    ],
)
def test_a_bad_profile_is_named_by_its_field(client: APIClient, body: dict[str, Any], attr: str) -> None:
    answer = client.patch(PROFILE, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["attr"] == attr
    assert not UserProfile.objects.exists()


def test_preferences_are_given_back_as_they_were_put(client: APIClient) -> None:
    document = {"theme": "dark", "sizes": [1, 2.5, 10**30], "größe": None, "lastEventId": "mine", "a": {"b": True}}
    assert client.put(PREFERENCES, document, format="json").status_code == 204
    assert client.get(PREFERENCES).json() == document
    client.put(PREFERENCES, {"theme": "light"}, format="json")
    assert client.get(PREFERENCES).json() == {"theme": "light"}


def test_profile_and_preferences_do_not_overwrite_each_other(client: APIClient) -> None:
    client.put(PREFERENCES, {"theme": "dark"}, format="json")
    client.put(PROFILE, {"fullName": "Ann"}, format="json")
    client.put(PREFERENCES, {"theme": "light"}, format="json")
    assert client.get(PREFERENCES).json() == {"theme": "light"}
    assert client.get(PROFILE).json()["fullName"] == "Ann"


def test_everybody_has_his_own(client: APIClient, bob: User) -> None:
    client.put(PREFERENCES, {"theme": "dark"}, format="json")
    assert client_of(bob).get(PREFERENCES).json() == {}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[]", 400, "MALFORMED_BODY"),
        (b'"dark"', 400, "MALFORMED_BODY"),
        (b"{", 400, "MALFORMED_BODY"),
        (b'{"a":1,"a":2}', 400, "MALFORMED_BODY"),
        (b'{"a":NaN}', 400, "MALFORMED_BODY"),
        (b'{"a":"\\ud800"}', 422, "VALIDATION_FAILED"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, 422, "DEEP_JSON"),
        (b'{"a":' * 12_000, 422, "DEEP_JSON"),
        (b"[" * 60_000, 422, "DEEP_JSON"),
    ],
)
def test_what_is_no_document_is_refused(client: APIClient, body: bytes, status: int, code: str) -> None:
    answer = client.put(PREFERENCES, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get(PREFERENCES).json() == {}


def test_sixty_four_levels_are_kept(client: APIClient) -> None:
    client.put(PREFERENCES, nested(64), format="json")
    assert client.get(PREFERENCES).json() == nested(64)
