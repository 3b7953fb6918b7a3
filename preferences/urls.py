"""Which paths does this app serve?"""

from django.urls import URLPattern, URLResolver, path

from preferences.api.items import ItemsView, ItemView
from preferences.api.profiles import PreferencesView, ProfileView
from preferences.api.watchlists import WatchlistsView, WatchlistView
from preferences.api.workspaces import WorkspacesView, WorkspaceView

WATCHLIST = "me/watchlists/<uuid:watchlist_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("me/profile", ProfileView.as_view()),
    path("me/preferences", PreferencesView.as_view()),
    path("me/workspaces", WorkspacesView.as_view()),
    path("me/workspaces/<uuid:workspace_id>", WorkspaceView.as_view()),
    path("me/watchlists", WatchlistsView.as_view()),
    path(WATCHLIST, WatchlistView.as_view()),
    path(f"{WATCHLIST}/items", ItemsView.as_view()),
    path(f"{WATCHLIST}/items/<uuid:item_id>", ItemView.as_view()),
]
