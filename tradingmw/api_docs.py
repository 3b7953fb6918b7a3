"""Where can a person read the REST API? A page over the OpenAPI document; its scripts come from this server."""

from csp.decorators import csp_update
from drf_spectacular.views import SpectacularSwaggerSplitView

#: Swagger UI puts its styles into the page and draws its icons from data URLs.
api_docs = csp_update({"style-src": ["'self'", "'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="openapi")
)
