"""Which paths lead to sessions and tickets?"""

from django.urls import URLPattern, URLResolver, path

from accounts.api.views import (
    LoginView,
    LogoutView,
    MeView,
    RefreshView,
    SessionsView,
    SessionView,
    TicketView,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/login", LoginView.as_view()),
    path("auth/refresh", RefreshView.as_view()),
    path("auth/logout", LogoutView.as_view()),
    path("auth/me", MeView.as_view()),
    path("auth/sessions", SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>", SessionView.as_view()),
    path("auth/ws-ticket", TicketView.as_view()),
]
