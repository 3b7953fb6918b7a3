"""Which headers do versioned things speak of, in the words of the OpenAPI document?"""

from __future__ import annotations

from typing import Final

from drf_spectacular.utils import OpenApiParameter

HEADER: Final = "header"

IF_MATCH = OpenApiParameter("If-Match", str, HEADER, required=True, description="The ETag of what you have read; or *.")
IF_MATCH_MAY = OpenApiParameter("If-Match", str, HEADER, description="Only while it still has this ETag.")
IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, HEADER, description="304 while it still has this ETag.")
ETAG = OpenApiParameter("ETag", str, HEADER, response=[200, 201, 204], description="The `version`, in quotes.")
LOCATION = OpenApiParameter("Location", str, HEADER, response=[201], description="Its path.")

READ = [IF_NONE_MATCH, ETAG]
CREATE = [ETAG, LOCATION]
CHANGE = [IF_MATCH, ETAG]
