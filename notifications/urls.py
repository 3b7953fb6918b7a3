"""Which paths does this app serve?"""

from django.urls import URLPattern, URLResolver, path

from notifications.api import EventsView

urlpatterns: list[URLPattern | URLResolver] = [
    path("events", EventsView.as_view(), name="events"),
]
