"""Does what stands on a watchlist stay in its order, and is every change of it seen in its ETag?"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from marketdata.models import Instrument
from preferences.services.items import ITEMS_MAX, Entry
from preferences.services.watchlists import watchlist_create
from tests.preferences.api.test_watchlists import create
from tests.preferences.api.test_workspaces import change
from tests.preferences.conftest import instrument

pytestmark = pytest.mark.usefixtures("instruments")


@pytest.fixture
def path(client: APIClient) -> str:
    """A list of AAPL, MSFT, GOOG, at version 1."""
    location: str = create(client, symbols="AAPL MSFT GOOG")["Location"]
    return location


def add(client: APIClient, path: str, **body: Any) -> Any:
    return client.post(f"{path}/items", body, format="json")


def shown(client: APIClient, path: str) -> str:
    """The symbols in their order; their places are told without gaps."""
    items = client.get(f"{path}/items").json()["items"]
    assert [item["displayOrder"] for item in items] == list(range(len(items)))
    return " ".join(item["symbol"] for item in items)


def ids(client: APIClient, path: str) -> dict[str, str]:
    return {item["symbol"]: item["id"] for item in client.get(path).json()["items"]}


def entries(symbols: str) -> dict[str, Any]:
    return {"items": [{"symbol": symbol} for symbol in symbols.split()]}


def test_an_item_is_added_at_the_end(client: APIClient, path: str) -> None:
    added = add(client, path, symbol="ibm", customFields={"note": 1})
    assert (added.status_code, added["ETag"], added.json()["displayOrder"]) == (201, '"2"', 3)
    assert shown(client, path) == "AAPL MSFT GOOG IBM"
    got = client.get(added["Location"])
    assert (got.json()["customFields"], got["ETag"]) == ({"note": 1}, '"2"')


@pytest.mark.parametrize(
    ("place", "order"), [(0, "IBM AAPL MSFT GOOG"), (2, "AAPL MSFT IBM GOOG"), (99, "AAPL MSFT GOOG IBM")]
)
def test_an_item_is_added_where_it_is_wanted(client: APIClient, path: str, place: int, order: str) -> None:
    add(client, path, symbol="IBM", displayOrder=place)
    assert shown(client, path) == order


@pytest.mark.parametrize(
    ("symbol", "place", "order"),
    [
        ("GOOG", 0, "GOOG AAPL MSFT"),
        ("AAPL", 2, "MSFT GOOG AAPL"),
        ("AAPL", 1, "MSFT AAPL GOOG"),
        ("MSFT", 1, "AAPL MSFT GOOG"),
    ],
)
def test_an_item_moves(client: APIClient, path: str, symbol: str, place: int, order: str) -> None:
    item = f"{path}/items/{ids(client, path)[symbol]}"
    moved = change(client, item, {"displayOrder": place}, '"1"')
    assert (moved.status_code, moved["ETag"], moved.json()["displayOrder"]) == (200, '"2"', place)
    assert shown(client, path) == order


def test_a_note_changes_and_the_place_stays(client: APIClient, path: str) -> None:
    item = f"{path}/items/{ids(client, path)['MSFT']}"
    assert change(client, item, {"customFields": {"colour": "red"}}, '"1"').json()["customFields"] == {"colour": "red"}
    assert change(client, item, {"customFields": {}}, '"2"').json()["customFields"] == {}
    assert shown(client, path) == "AAPL MSFT GOOG"


def test_an_item_is_taken_off(client: APIClient, path: str) -> None:
    item = f"{path}/items/{ids(client, path)['AAPL']}"
    gone = client.delete(item)
    assert (gone.status_code, gone["ETag"]) == (204, '"2"')
    assert client.get(item).status_code == client.delete(item).status_code == 404
    assert (shown(client, path), client.get(path)["ETag"]) == ("MSFT GOOG", '"2"')


def test_one_request_reorders_adds_and_removes(client: APIClient, path: str) -> None:
    before = ids(client, path)
    put = change(client, f"{path}/items", entries("IBM GOOG AAPL"), '"1"', "put")
    assert (put.status_code, put["ETag"], put.json()["lastEventId"]) == (200, '"2"', 0)
    assert shown(client, path) == "IBM GOOG AAPL"
    after = ids(client, path)
    assert (after["GOOG"], after["AAPL"]) == (before["GOOG"], before["AAPL"])


def test_a_reorder_keeps_notes_that_it_does_not_name(client: APIClient, path: str) -> None:
    item = f"{path}/items/{ids(client, path)['MSFT']}"
    change(client, item, {"customFields": {"colour": "red"}}, '"1"')
    body = {"items": [{"symbol": "MSFT"}, {"symbol": "AAPL", "customFields": {"colour": "blue"}}]}
    items = change(client, f"{path}/items", body, '"2"', "put").json()["items"]
    assert [item["customFields"] for item in items] == [{"colour": "red"}, {"colour": "blue"}]


def test_a_list_may_become_empty(client: APIClient, path: str) -> None:
    assert change(client, f"{path}/items", {"items": []}, '"1"', "put").json()["items"] == []
    assert shown(client, path) == ""


def test_what_is_no_longer_traded_stays_on_the_list_but_is_not_added(client: APIClient, path: str) -> None:
    Instrument.objects.filter(symbol="MSFT").update(active=False)
    assert change(client, f"{path}/items", entries("GOOG MSFT"), '"1"', "put").status_code == 200
    assert shown(client, path) == "GOOG MSFT"
    change(client, f"{path}/items", entries("GOOG"), '"2"', "put")
    assert add(client, path, symbol="MSFT").json()["code"] == "UNKNOWN_INSTRUMENT"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"symbol": "NOPE"}, 422, "UNKNOWN_INSTRUMENT"),
        ({"symbol": "IBM", "exchange": "XLON"}, 422, "UNKNOWN_INSTRUMENT"),
        ({"symbol": "aapl"}, 409, "ALREADY_LISTED"),
        ({}, 422, "VALIDATION_FAILED"),
        ({"symbol": ""}, 422, "VALIDATION_FAILED"),
        ({"symbol": "' OR 1=1"}, 422, "VALIDATION_FAILED"),
        ({"symbol": "ﬀ"}, 422, "VALIDATION_FAILED"),
        ({"symbol": "IBM", "customFields": []}, 422, "VALIDATION_FAILED"),
        ({"symbol": "IBM", "customFields": {"a": "x" * 4_090}}, 422, "VALIDATION_FAILED"),
        ({"symbol": "IBM", "displayOrder": -1}, 422, "VALIDATION_FAILED"),
        ({"symbol": "IBM", "displayOrder": 501}, 422, "VALIDATION_FAILED"),
        ({"symbol": "IBM", "displayOrder": 1.5}, 422, "VALIDATION_FAILED"),
        ({"symbol": "IBM", "id": "1"}, 422, "VALIDATION_FAILED"),
    ],
)
def test_a_bad_item_is_refused_and_the_list_stays(
    client: APIClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = add(client, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (shown(client, path), client.get(path)["ETag"]) == ("AAPL MSFT GOOG", '"1"')


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "VALIDATION_FAILED"),
        ({"items": "AAPL"}, 422, "VALIDATION_FAILED"),
        (entries("AAPL AAPL"), 409, "ALREADY_LISTED"),
        (entries("AAPL NOPE"), 422, "UNKNOWN_INSTRUMENT"),
        (entries("AAPL " * 501), 409, "QUOTA_REACHED"),
    ],
)
def test_a_bad_reorder_is_refused_and_the_list_stays(
    client: APIClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = change(client, f"{path}/items", body, '"1"', "put")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (shown(client, path), client.get(path)["ETag"]) == ("AAPL MSFT GOOG", '"1"')


def test_a_full_list_takes_no_more(client: APIClient, ann: User) -> None:
    symbols = [f"SYM{number:03d}" for number in range(ITEMS_MAX)]
    Instrument.objects.bulk_create([instrument(symbol) for symbol in symbols], 150)
    full = watchlist_create(user_id=ann.id, name="full", entries=[Entry(symbol) for symbol in symbols])
    answer = add(client, f"/api/v1/me/watchlists/{full.id}", symbol="AAPL")
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (409, "QUOTA_REACHED", ITEMS_MAX)


def test_an_item_is_changed_for_the_version_that_was_read(client: APIClient, path: str) -> None:
    item = f"{path}/items/{ids(client, path)['MSFT']}"
    add(client, path, symbol="IBM")
    assert change(client, item, {"displayOrder": 0}, None).status_code == 428
    assert change(client, f"{path}/items", entries("AAPL"), None, "put").status_code == 428
    for late in (
        change(client, item, {"displayOrder": 0}, '"1"'),
        change(client, f"{path}/items", entries("AAPL"), '"1"', "put"),
        change(client, f"{path}/items", {"symbol": "GOOG"}, '"1"', "post"),
        change(client, item, None, '"1"', "delete"),
    ):
        assert (late.status_code, late["ETag"]) == (412, '"2"')
    assert shown(client, path) == "AAPL MSFT GOOG IBM"


def test_unchanged_items_are_not_sent_again(client: APIClient, path: str) -> None:
    assert client.get(f"{path}/items", headers={"If-None-Match": '"1"'}).status_code == 304
    add(client, path, symbol="IBM")
    assert client.get(f"{path}/items", headers={"If-None-Match": '"1"'}).status_code == 200


def test_items_of_others_and_of_other_lists_are_not_found(client: APIClient, path: str, bob: User) -> None:
    theirs = watchlist_create(user_id=bob.id, name="theirs", entries=[Entry("AAPL")])
    (item,) = theirs.items.all()
    mine = ids(client, path)["AAPL"]
    other = create(client, "other")["Location"]
    foreign = f"/api/v1/me/watchlists/{theirs.id}/items"
    for verb, address, body in (
        ("get", foreign, None),
        ("post", foreign, {"symbol": "IBM"}),
        ("put", foreign, {"items": []}),
        ("get", f"{foreign}/{item.id}", None),
        ("patch", f"{foreign}/{item.id}", {"displayOrder": 0}),
        ("delete", f"{foreign}/{item.id}", None),
        ("delete", f"{path}/items/{item.id}", None),
        ("patch", f"{path}/items/{uuid4()}", {"displayOrder": 0}),
        ("get", f"{other}/items/{mine}", None),
        ("delete", f"{other}/items/{mine}", None),
    ):
        answer = change(client, address, body, "*" if verb != "get" else None, verb)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), (verb, address)
    theirs.refresh_from_db()
    assert (theirs.version, theirs.items.count(), client.get(path)["ETag"]) == (1, 1, '"1"')
