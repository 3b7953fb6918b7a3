"""What if several write the same at the same moment? Real threads, each with its own connection to one SQLite file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from accounts.models import User
from marketdata.models import Instrument
from preferences.models import Watchlist, WatchlistItem, Workspace
from preferences.services.watchlists import watchlist_create
from preferences.services.workspaces import workspace_create
from tests.preferences.conftest import SYMBOLS, client_of, instrument, person

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 6


@pytest.fixture
def everybody() -> Iterator[ThreadPoolExecutor]:
    """As many threads as there are writers, which let go of the database in the end."""
    with ThreadPoolExecutor(WRITERS) as pool:
        yield pool
        together(pool, [connections.close_all] * WRITERS)


def together(pool: ThreadPoolExecutor, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of `acts` returns; they begin at the same moment, each in a thread of its own."""
    start = Barrier(len(acts))

    def begin(act: Callable[[], Any]) -> Any:
        start.wait(timeout=20)
        return act()

    return [done.result(timeout=60) for done in [pool.submit(begin, act) for act in acts]]


def changing(user: User, path: str, body: Any, verb: str = "patch") -> Callable[[], Any]:
    """A change that is made for version 1, in a client of its own."""
    return lambda: getattr(client_of(user), verb)(path, body, format="json", headers={"If-Match": '"1"'})


def test_of_changes_made_for_the_same_version_exactly_one_wins(everybody: ThreadPoolExecutor) -> None:
    ann = person("ann")
    made = workspace_create(user_id=ann.id, name="Main")
    path = f"/api/v1/me/workspaces/{made.id}"
    acts = [changing(ann, path, {"name": f"n{number}", "layout": {"n": number}}, "put") for number in range(WRITERS)]
    answers = together(everybody, acts)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: WRITERS - 1}
    assert {answer["ETag"] for answer in answers} == {'"2"'}
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    stored = Workspace.objects.get()
    assert (stored.version, stored.name, stored.layout) == (2, winner["name"], winner["layout"])


def test_of_reorders_made_for_the_same_version_exactly_one_wins(everybody: ThreadPoolExecutor) -> None:
    ann = person("ann")
    Instrument.objects.bulk_create([instrument(symbol) for symbol in SYMBOLS])
    made = watchlist_create(user_id=ann.id, name="Tech")
    orders = [SYMBOLS[turn % 4 :] + SYMBOLS[: turn % 4] for turn in range(WRITERS)]
    bodies = [{"items": [{"symbol": symbol} for symbol in symbols]} for symbols in orders]
    path = f"/api/v1/me/watchlists/{made.id}/items"
    answers = together(everybody, [changing(ann, path, body, "put") for body in bodies])
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: WRITERS - 1}
    won = next(order for order, answer in zip(orders, answers, strict=True) if answer.status_code == 200)
    assert list(WatchlistItem.objects.values_list("symbol", flat=True)) == won


def test_items_added_together_all_stand_on_the_list(everybody: ThreadPoolExecutor) -> None:
    ann = person("ann")
    symbols = [f"SYM{number}" for number in range(WRITERS)]
    Instrument.objects.bulk_create([instrument(symbol) for symbol in symbols])
    made = watchlist_create(user_id=ann.id, name="Tech")
    path = f"/api/v1/me/watchlists/{made.id}/items"
    acts = [lambda body={"symbol": symbol}: client_of(ann).post(path, body, format="json") for symbol in symbols]
    assert {answer.status_code for answer in together(everybody, acts)} == {201}
    assert sorted(WatchlistItem.objects.values_list("display_order", flat=True)) == list(range(WRITERS))
    assert Watchlist.objects.get().version == 1 + WRITERS


def test_of_defaults_and_equal_names_made_together_one_stays(everybody: ThreadPoolExecutor) -> None:
    ann = person("ann")
    bodies = [{"name": f"n{number // 2}", "isDefault": True} for number in range(WRITERS)]
    acts = [lambda body=body: client_of(ann).post("/api/v1/me/workspaces", body, format="json") for body in bodies]
    answers = together(everybody, acts)
    assert Counter(answer.status_code for answer in answers) == {201: WRITERS // 2, 409: WRITERS // 2}
    assert Workspace.objects.filter(is_default=True).count() == 1


def test_a_profile_is_made_once(everybody: ThreadPoolExecutor) -> None:
    ann = person("ann")
    acts = [lambda: client_of(ann).put("/api/v1/me/preferences", {"theme": "dark"}, format="json")] * WRITERS
    assert {answer.status_code for answer in together(everybody, acts)} == {204}
    assert client_of(ann).get("/api/v1/me/preferences").json() == {"theme": "dark"}
