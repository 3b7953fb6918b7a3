"""How do two writers of the same thing notice each other? By the version that each has read (RFC 9110, section 13).

A strong ETag is the version in quotes: `"7"`. A change names in `If-Match` the version that it was made for; the row
changes only while it still has it, in one statement, so that of two changes made for the same version one wins.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.http import HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from tradingmw.errors import NotFound, PreconditionFailed, PreconditionRequired

OURS = re.compile(r'"([1-9]\d{0,8})"')
#: `If-Match` may list several; nobody has read more versions than these
VERSIONS_MAX = 50


class Expected(NamedTuple):
    """The versions that a change may replace; None for whichever it is."""

    versions: frozenset[int] | None
    missing: bool = False  #: the change had to say it and did not


ANY = Expected(None)


def etag(version: int) -> str:
    return f'"{version}"'


def headers_of(version: int) -> dict[str, str]:
    """What an answer that shows `version` carries; a copy of it is asked about before it is used again."""
    return {"ETag": etag(version), "Cache-Control": "private, no-cache"}


def expected(request: Request) -> Expected:
    """What `If-Match` allows; ANY where the request has none."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return ANY
    versions = [int(ours[1]) for tag in parse_etags(given) if (ours := OURS.fullmatch(tag))]
    return Expected(frozenset(versions[:VERSIONS_MAX]))


def expected_needed(request: Request) -> Expected:
    """The same, for a change that must have it. Told when the row is met: what is not the caller's is not found."""
    return expected(request)._replace(missing="If-Match" not in request.headers)


def versioned(request: Request, version: int, body: Any) -> Response | HttpResponseNotModified:
    """The answer to a GET: `body`, or 304 where `If-None-Match` names what the caller has already."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if "*" in known or etag(version) in (tag.removeprefix("W/") for tag in known):
        return HttpResponseNotModified(headers=headers_of(version))
    return Response(body, headers=headers_of(version))


def version_advance(rows: QuerySet[Any], allowed: Expected, **changes: Any) -> int:
    """Change the one row of `rows` and give it its next version, which is returned.

    NotFound where there is no row, PreconditionRequired where `allowed` is missing, PreconditionFailed (its ETag the
    stored version) where it is another one.
    """
    if allowed.missing and rows.exists():
        raise PreconditionRequired
    guarded = rows if allowed.versions is None else rows.filter(version__in=allowed.versions)
    advanced = guarded.update(**changes, version=F("version") + 1)
    version: int | None = rows.values_list("version", flat=True).first()
    if version is None:
        raise NotFound
    if not advanced:
        raise stale(version)
    return version


def stale(version: int) -> PreconditionFailed:
    error = PreconditionFailed()
    error.headers["ETag"] = etag(version)
    return error
