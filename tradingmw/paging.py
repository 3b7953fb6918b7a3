"""How is a long list read page by page, newest first, without missing or repeating what stays in it?

By the place of the last row shown, not by an offset: rows that are added meanwhile come before the first page.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from tradingmw.strict import CamelSerializer

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000
TOKEN_CHARACTERS_MAX = 200

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Model)


class Page(NamedTuple, Generic[Item]):
    """Some of a list, and the token that goes on with it; None at its end."""

    items: list[Item]
    next_token: str | None


class Place(NamedTuple):
    """The row after which a page begins: its time, then its id."""

    moment: datetime
    id: UUID

    @classmethod
    def read(cls, token: str) -> Place:
        """The place that `token` names; ValueError where it is none of ours."""
        try:
            text = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
        except binascii.Error as error:
            raise ValueError("not a page token") from error
        moment, _, row_id = text.partition(" ")
        place = cls(datetime.fromisoformat(moment), UUID(row_id))
        if place.moment.tzinfo is None:
            raise ValueError("not a page token")
        return place

    def token(self) -> str:
        return base64.urlsafe_b64encode(f"{self.moment.isoformat()} {self.id.hex}".encode()).decode()


def newest_first(rows: QuerySet[Row], moment: str, place: Place | None, limit: int) -> Page[Row]:
    """The page of `rows` behind `place`, newest first by the column `moment`, then by id."""
    if place is not None:
        same = Q(**{moment: place.moment, "id__lt": place.id})
        rows = rows.filter(Q(**{f"{moment}__lt": place.moment}) | same)
    found = list(rows.order_by(f"-{moment}", "-id")[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], Place(getattr(last, moment), last.pk).token())


class LimitField(serializers.IntegerField):
    """`limit` of a query: 1 to 1000."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LIMIT_MAX, "default": LIMIT_DEFAULT, **kwargs})


class PlaceField(serializers.CharField):
    """`pageToken` of a query, as a `Place`."""

    default_error_messages = {"place": "This is no token of an earlier page."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": TOKEN_CHARACTERS_MAX, **kwargs})

    def to_internal_value(self, data: Any) -> Any:
        try:
            return Place.read(super().to_internal_value(data))
        except ValueError:
            self.fail("place")

    def to_representation(self, value: Any) -> Any:
        return value.token()


class PageQuery(CamelSerializer):
    """The query of a list that takes nothing else."""

    limit = LimitField()
    page_token = PlaceField(required=False)


def page_asked(rows: QuerySet[Row], moment: str, request: Request) -> Page[Row]:
    """The page of `rows` that the request's `PageQuery` asks for."""
    query = PageQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    return newest_first(rows, moment, query.validated_data.get("page_token"), query.validated_data["limit"])
