"""Does the staff see what users keep, and change none of it behind their backs?"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from preferences.services.items import Entry
from preferences.services.watchlists import watchlist_create
from preferences.services.workspaces import workspace_create


@pytest.fixture
def staff(db: None) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(
        User.objects.create(username="root", email="root@desk.example", is_staff=True, is_superuser=True)
    )
    return client


@pytest.mark.usefixtures("instruments")
def test_a_list_is_seen_with_its_items(staff: Client, ann: User) -> None:
    made = watchlist_create(user_id=ann.id, name="Tech", entries=[Entry("AAPL")])
    page = staff.get(reverse("admin:preferences_watchlist_change", args=[made.id]))
    assert (page.status_code, b"AAPL" in page.content) == (200, True)


def test_not_even_a_superuser_changes_or_deletes_a_workspace(staff: Client, ann: User) -> None:
    made = workspace_create(user_id=ann.id, name="Main")
    change = reverse("admin:preferences_workspace_change", args=[made.id])
    delete = reverse("admin:preferences_workspace_delete", args=[made.id])
    assert staff.get(change).status_code == 200
    assert {staff.post(change, {"name": "x"}).status_code, staff.post(delete, {"post": "yes"}).status_code} == {403}
    made.refresh_from_db()
    assert made.name == "Main"
