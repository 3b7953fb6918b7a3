"""Where does every REST path lead? Each app lists its own; here they are put together."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView

from accounts import schema  # noqa: F401  # tells the OpenAPI document what our tokens are
from accounts.admin_login import AdminLoginForm
from tradingmw import problem
from tradingmw.api_docs import api_docs
from tradingmw.asyncapi import AsyncApiView
from tradingmw.health import healthz, readyz
from tradingmw.metrics_view import metrics
from tradingmw.page import terminal

admin.site.login_form = AdminLoginForm
admin.site.login_template = "accounts/admin_login.html"

handler400 = problem.bad_request
handler403 = problem.permission_denied
handler404 = problem.not_found
handler500 = problem.server_error

api: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("", include("marketdata.urls")),
    path("", include("orders.urls")),
    path("", include("preferences.urls")),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("asyncapi.json", AsyncApiView.as_view(), name="asyncapi"),
    path("docs", api_docs, name="docs"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", terminal, name="terminal"),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api/v1/", include(api)),
    path("admin/", admin.site.urls),
]
