"""Do `/me/watchlists…` keep lists by name? What workspaces have in common with them is tested there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from preferences.models import Watchlist, WatchlistItem
from preferences.services.named import NAMED_MAX
from preferences.services.watchlists import watchlist_create
from tests.preferences.api.test_workspaces import change

pytestmark = pytest.mark.usefixtures("instruments")
WATCHLISTS = "/api/v1/me/watchlists"


def create(client: APIClient, name: str = "Tech", symbols: str = "", **fields: Any) -> Any:
    items = [{"symbol": symbol} for symbol in symbols.split()]
    return client.post(WATCHLISTS, {"name": name, "items": items, **fields}, format="json")


def test_who_is_not_logged_in_has_none() -> None:
    assert APIClient().get(WATCHLISTS).status_code == 401


def test_a_list_is_made_with_its_items_in_their_order(client: APIClient) -> None:
    made = create(client, symbols="MSFT aapl IBM")
    assert (made.status_code, made["ETag"], made.json()["lastEventId"]) == (201, '"1"', 0)
    got = client.get(made["Location"]).json()
    assert got == {name: value for name, value in made.json().items() if name != "lastEventId"}
    assert [item["symbol"] for item in got["items"]] == ["MSFT", "AAPL", "IBM"]
    assert [item["displayOrder"] for item in got["items"]] == [0, 1, 2]


def test_an_item_has_the_public_shape(client: APIClient) -> None:
    made = client.post(
        WATCHLISTS, {"name": "x", "items": [{"symbol": "AAPL", "customFields": {"note": "ü"}}]}, format="json"
    )
    item = made.json()["items"][0]
    assert item.keys() == {"id", "symbol", "exchange", "customFields", "displayOrder", "addedAt"}
    assert (item["exchange"], item["customFields"]) == ("XNAS", {"note": "ü"})


def test_the_list_of_lists_counts_their_items(client: APIClient) -> None:
    create(client, "one", "AAPL IBM")
    create(client, "two")
    page = client.get(WATCHLISTS).json()
    assert [(item["name"], item["itemCount"]) for item in page["items"]] == [("two", 0), ("one", 2)]
    assert "items" not in page["items"][0]


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_a_list_is_renamed_and_keeps_its_items(client: APIClient, verb: str) -> None:
    path = create(client, symbols="AAPL", isDefault=True)["Location"]
    changed = change(client, path, {"name": "Other"}, '"1"', verb)
    assert (changed.status_code, changed["ETag"], changed.json()["name"]) == (200, '"2"', "Other")
    assert (changed.json()["isDefault"], len(changed.json()["items"])) == (True, 1)


def test_a_list_is_not_sent_again_and_not_changed_behind_anybodys_back(client: APIClient) -> None:
    path = create(client)["Location"]
    assert client.get(path, headers={"If-None-Match": '"1"'}).status_code == 304
    assert change(client, path, {"name": "Other"}, None).status_code == 428
    late = change(client, path, {"name": "Other"}, '"5"')
    assert (late.status_code, late["ETag"]) == (412, '"1"')


def test_there_is_one_default(client: APIClient) -> None:
    first = create(client, "one", isDefault=True)["Location"]
    create(client, "two", isDefault=True)
    assert client.get(first).json()["isDefault"] is False


def test_a_deleted_list_takes_its_items_along(client: APIClient) -> None:
    path = create(client, symbols="AAPL IBM")["Location"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert not WatchlistItem.objects.exists()


def test_there_are_at_most_a_hundred(client: APIClient, ann: User) -> None:
    for number in range(NAMED_MAX):
        watchlist_create(user_id=ann.id, name=str(number))
    assert create(client, "one more").json()["code"] == "QUOTA_REACHED"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"items": []}, 422, "VALIDATION_FAILED"),
        ({"name": "a", "items": {}}, 422, "VALIDATION_FAILED"),
        ({"name": "a", "items": ["AAPL"]}, 422, "VALIDATION_FAILED"),
        ({"name": "a", "items": [{"symbol": "A APL"}]}, 422, "VALIDATION_FAILED"),
        ({"name": "a", "items": [{"symbol": "AAPL", "price": 1}]}, 422, "VALIDATION_FAILED"),
        ({"name": "a", "items": [{"symbol": "AAPL"}, {"symbol": "NOPE"}]}, 422, "UNKNOWN_INSTRUMENT"),
        ({"name": "a", "items": [{"symbol": "AAPL", "exchange": "XNYS"}]}, 422, "UNKNOWN_INSTRUMENT"),
        ({"name": "a", "items": [{"symbol": "AAPL"}, {"symbol": "aapl"}]}, 409, "ALREADY_LISTED"),
        ({"name": "a", "items": [{"symbol": "AAPL"}] * 501}, 409, "QUOTA_REACHED"),
        ({"name": "a", "symbols": ["AAPL"]}, 422, "VALIDATION_FAILED"),
    ],
)
def test_a_bad_list_is_refused_and_nothing_of_it_stored(
    client: APIClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(WATCHLISTS, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Watchlist.objects.exists()


@pytest.mark.parametrize("verb", ["get", "put", "patch", "delete"])
def test_anothers_is_not_found(client: APIClient, bob: User, verb: str) -> None:
    theirs = watchlist_create(user_id=bob.id, name="Tech")
    for watchlist_id in (theirs.id, uuid4()):
        answer = change(client, f"{WATCHLISTS}/{watchlist_id}", {"name": "Mine"}, "*", verb)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert Watchlist.objects.get().name == "Tech"
