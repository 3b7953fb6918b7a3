"""Which paths does this app serve?"""

from django.urls import URLPattern, URLResolver, path

from notifications.alerts.api import AlertsView, AlertView
from notifications.api import EventsView
from notifications.inbox.api import NotificationsView, NotificationView, ReadAllView

urlpatterns: list[URLPattern | URLResolver] = [
    path("events", EventsView.as_view(), name="events"),
    path("alerts", AlertsView.as_view()),
    path("alerts/<uuid:alert_id>", AlertView.as_view()),
    path("notifications", NotificationsView.as_view()),
    path("notifications/read-all", ReadAllView.as_view()),
    path("notifications/<uuid:notification_id>", NotificationView.as_view()),
]
