"""Do `/me/workspaces…` keep layouts, and does no writer overwrite what another has written since he read?"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from preferences.models import Workspace
from preferences.services.named import NAMED_MAX
from preferences.services.workspaces import workspace_create
from tests.preferences.conftest import client_of
from tests.preferences.test_documents import nested

WORKSPACES = "/api/v1/me/workspaces"
LAYOUT = {"panels": [{"kind": "chart", "symbol": "AAPL", "ratio": 0.25}], "größe": None}


def create(client: APIClient, name: str = "Main", **fields: Any) -> Any:
    return client.post(WORKSPACES, {"name": name, **fields}, format="json")


def change(client: APIClient, path: str, body: Any, tag: str | None, verb: str = "patch") -> Any:
    return getattr(client, verb)(path, body, format="json", headers={"If-Match": tag} if tag else {})


def test_who_is_not_logged_in_has_none(db: None) -> None:
    assert APIClient().get(WORKSPACES).status_code == 401


def test_a_workspace_is_given_back_as_it_was_made(client: APIClient) -> None:
    made = create(client, layout=LAYOUT)
    assert (made.status_code, made["ETag"], made.json()["lastEventId"]) == (201, '"1"', 0)
    got = client.get(made["Location"])
    assert got.json() == {name: value for name, value in made.json().items() if name != "lastEventId"}
    assert (got.json()["layout"], got.json()["version"], got.json()["isDefault"]) == (LAYOUT, 1, False)
    assert (got["ETag"], got["Cache-Control"]) == ('"1"', "private, no-cache")


def test_the_list_shows_all_but_layouts_newest_first(client: APIClient) -> None:
    for name in ("one", "two"):
        create(client, name, layout=LAYOUT)
    page = client.get(WORKSPACES).json()
    assert [item["name"] for item in page["items"]] == ["two", "one"]
    assert page["items"][0].keys() == {"id", "name", "isDefault", "version", "createdAt", "updatedAt"}
    assert page["nextPageToken"] is None


def test_a_put_replaces_name_and_layout_and_leaves_the_default(client: APIClient) -> None:
    path = create(client, layout=LAYOUT, isDefault=True)["Location"]
    put = change(client, path, {"name": "Other", "layout": {}}, '"1"', "put")
    assert (put.status_code, put["ETag"]) == (200, '"2"')
    assert (put.json()["name"], put.json()["layout"], put.json()["isDefault"]) == ("Other", {}, True)


def test_a_patch_leaves_what_it_does_not_name(client: APIClient) -> None:
    path = create(client, layout=LAYOUT)["Location"]
    assert change(client, path, {"name": "Other"}, '"1"').json()["layout"] == LAYOUT
    assert client.get(path).json()["layout"] == LAYOUT


def test_a_stale_etag_is_told_the_current_one_and_changes_nothing(client: APIClient) -> None:
    path = create(client)["Location"]
    change(client, path, {"name": "First"}, '"1"')
    late = change(client, path, {"name": "Second"}, '"1"')
    assert (late.status_code, late.json()["code"], late["ETag"]) == (412, "PRECONDITION_FAILED", '"2"')
    assert client.get(path).json()["name"] == "First"


@pytest.mark.parametrize("verb", ["patch", "put"])
def test_a_change_without_if_match_is_refused(client: APIClient, verb: str) -> None:
    path = create(client)["Location"]
    answer = change(client, path, {"name": "Other", "layout": {}}, None, verb)
    assert (answer.status_code, answer.json()["code"]) == (428, "PRECONDITION_REQUIRED")
    assert client.get(path).json()["name"] == "Main"


@pytest.mark.parametrize("tag", ["*", '"7", "1"', ' "1" '])
def test_if_match_may_name_several_or_whichever(client: APIClient, tag: str) -> None:
    path = create(client)["Location"]
    assert change(client, path, {"name": "Other"}, tag).status_code == 200


@pytest.mark.parametrize("tag", ['W/"1"', "1", '"01"', '"x"', '""', "'1'", '"99999999999999999999"', '"1', "ü"])
def test_an_if_match_that_is_not_the_etag_does_not_match(client: APIClient, tag: str) -> None:
    path = create(client)["Location"]
    assert change(client, path, {"name": "Other"}, tag).status_code == 412


@pytest.mark.parametrize(("tag", "status"), [('"1"', 304), ('W/"1"', 304), ('"0", "1"', 304), ("*", 304), ('"2"', 200)])
def test_what_the_caller_has_already_is_not_sent_again(client: APIClient, tag: str, status: int) -> None:
    path = create(client, layout=LAYOUT)["Location"]
    answer = client.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer["ETag"], bool(answer.content)) == (status, '"1"', status == 200)


def test_a_name_is_taken_whatever_its_case(client: APIClient) -> None:
    create(client, "Main")
    second = create(client, "Other")["Location"]
    for answer in (create(client, " MAIN "), change(client, second, {"name": "main"}, '"1"')):
        assert (answer.status_code, answer.json()["code"]) == (409, "NAME_TAKEN")
    assert client.get(second)["ETag"] == '"1"'


def test_a_workspace_may_keep_its_own_name(client: APIClient) -> None:
    path = create(client, "Main")["Location"]
    assert change(client, path, {"name": "MAIN"}, '"1"').json()["name"] == "MAIN"


def test_names_of_others_are_free(client: APIClient, bob: User) -> None:
    create(client_of(bob), "Main")
    assert create(client, "Main").status_code == 201


def test_there_is_one_default_and_its_holder_learns_that_it_is_another(client: APIClient) -> None:
    first, second = create(client, "one", isDefault=True)["Location"], create(client, "two")["Location"]
    assert change(client, second, {"isDefault": True}, '"1"').json()["isDefault"] is True
    former = client.get(first, headers={"If-None-Match": '"1"'})
    assert (former.status_code, former["ETag"], former.json()["isDefault"]) == (200, '"2"', False)
    create(client, "three", isDefault=True)
    assert [item["isDefault"] for item in client.get(WORKSPACES).json()["items"]] == [True, False, False]


def test_a_change_of_the_default_that_fails_changes_none(client: APIClient) -> None:
    first = create(client, "one", isDefault=True)["Location"]
    second = create(client, "two")["Location"]
    assert change(client, second, {"isDefault": True, "name": "ONE"}, '"1"').status_code == 409
    assert change(client, second, {"isDefault": True}, '"9"').status_code == 412
    assert (client.get(first).json()["isDefault"], client.get(first)["ETag"]) == (True, '"1"')


def test_a_deleted_one_is_gone_and_its_name_free(client: APIClient) -> None:
    path = create(client)["Location"]
    gone = client.delete(path)
    assert (gone.status_code, gone["X-Last-Event-Id"]) == (204, "0")
    assert client.get(path).status_code == client.delete(path).status_code == 404
    assert create(client).status_code == 201


def test_a_delete_may_be_made_for_one_version_only(client: APIClient) -> None:
    path = create(client)["Location"]
    late = client.delete(path, headers={"If-Match": '"9"'})
    assert (late.status_code, late["ETag"]) == (412, '"1"')
    assert client.delete(path, headers={"If-Match": '"1"'}).status_code == 204


def test_there_are_at_most_a_hundred(client: APIClient, ann: User) -> None:
    for number in range(NAMED_MAX):
        workspace_create(user_id=ann.id, name=str(number))
    answer = create(client, "one more")
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (409, "QUOTA_REACHED", NAMED_MAX)
    assert Workspace.objects.count() == NAMED_MAX


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "VALIDATION_FAILED"),
        ({"name": ""}, "VALIDATION_FAILED"),
        ({"name": "  "}, "VALIDATION_FAILED"),
        ({"name": "x" * 101}, "VALIDATION_FAILED"),
        ({"name": "a\0"}, "VALIDATION_FAILED"),
        ({"name": None}, "VALIDATION_FAILED"),
        ({"name": "a", "layout": []}, "VALIDATION_FAILED"),
        ({"name": "a", "layout": None}, "VALIDATION_FAILED"),
        ({"name": "a", "isDefault": "perhaps"}, "VALIDATION_FAILED"),
        ({"name": "a", "version": 7}, "VALIDATION_FAILED"),
        ({"name": "a", "default": True}, "VALIDATION_FAILED"),
        ({"name": "a", "layout": nested(65)}, "DEEP_JSON"),
        ({"name": "a", "layout": nested(900)}, "DEEP_JSON"),
    ],
)
def test_a_bad_workspace_is_refused_and_not_stored(client: APIClient, body: dict[str, Any], code: str) -> None:
    answer = client.post(WORKSPACES, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Workspace.objects.exists()


@pytest.mark.parametrize("body", [{"name": "a"}, {"layout": {}}])
def test_a_put_names_both_name_and_layout(client: APIClient, body: dict[str, Any]) -> None:
    path = create(client, layout=LAYOUT)["Location"]
    assert change(client, path, body, '"1"', "put").status_code == 422
    assert client.get(path).json()["layout"] == LAYOUT


@pytest.mark.parametrize("verb", ["get", "put", "patch", "delete"])
@pytest.mark.parametrize("tag", [None, "*"])
def test_anothers_is_not_found(client: APIClient, bob: User, verb: str, tag: str | None) -> None:
    theirs = workspace_create(user_id=bob.id, name="Main")
    for workspace_id in (theirs.id, uuid4()):
        answer = change(client, f"{WORKSPACES}/{workspace_id}", {"name": "Mine", "layout": {}}, tag, verb)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    theirs.refresh_from_db()
    assert (theirs.name, theirs.version) == ("Main", 1)


def test_what_is_no_id_is_not_found(client: APIClient) -> None:
    assert client.get(f"{WORKSPACES}/7").json()["code"] == "NOT_FOUND"
