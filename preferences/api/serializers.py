"""What do the bodies of `/me/…` look like?"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from rest_framework import serializers

from preferences.documents import DocumentField
from preferences.models import NAME_CHARACTERS_MAX, UserProfile, Watchlist, WatchlistItem, Workspace
from preferences.services.items import ITEMS_MAX, Entry
from tradingmw.strict import CamelModelSerializer, CamelSerializer, StrictSerializer

CUSTOM_FIELDS_BYTES_MAX = 4_096
SYMBOL = r"^[A-Za-z0-9][A-Za-z0-9.\-/]{0,23}\Z"
EXCHANGE = r"^[A-Z0-9]{2,8}\Z"


@lru_cache(maxsize=1)
def timezones() -> frozenset[str]:
    """The IANA names; to look them up takes a walk through a directory."""
    return frozenset(available_timezones())


class WriteAnswer(CamelSerializer):
    last_event_id = serializers.IntegerField(help_text="The private cursor after this write.")


class PageAnswer(CamelSerializer):
    next_page_token = serializers.CharField(allow_null=True)


# profile --------------------------------------------------------------------------------------------------------------


class TimezoneField(serializers.CharField):
    default_error_messages = {"timezone": "Not a time zone of the IANA database, such as Europe/Berlin."}

    def to_internal_value(self, data: Any) -> str:
        name: str = super().to_internal_value(data)
        if name not in timezones():
            self.fail("timezone")
        return name


class ProfileBody(StrictSerializer):
    full_name = serializers.CharField(max_length=200, allow_blank=True, default="")
    contact_number = serializers.CharField(max_length=40, allow_blank=True, default="")
    timezone = TimezoneField(max_length=64, default="UTC")


class ProfileAnswer(CamelModelSerializer):
    user_id = serializers.UUIDField()
    updated_at = serializers.DateTimeField(allow_null=True, help_text="Null before the first change.")

    class Meta:
        model = UserProfile
        fields = ["user_id", "full_name", "contact_number", "timezone", "updated_at"]


class ProfileChanged(ProfileAnswer, WriteAnswer):
    class Meta(ProfileAnswer.Meta):
        fields = [*ProfileAnswer.Meta.fields, "last_event_id"]


# workspaces -----------------------------------------------------------------------------------------------------------


class NamedBody(StrictSerializer):
    name = serializers.CharField(max_length=NAME_CHARACTERS_MAX, help_text="Yours once, whatever its case.")
    is_default = serializers.BooleanField(required=False, help_text="True takes it from the one that was.")


class WorkspaceBody(NamedBody):
    layout = DocumentField(required=False, help_text="Opaque; at most 64 levels.")


class WorkspaceReplacement(NamedBody):
    layout = DocumentField(help_text="Opaque; at most 64 levels.")


class WorkspaceListed(CamelModelSerializer):
    """Without its layout."""

    class Meta:
        model = Workspace
        fields = ["id", "name", "is_default", "version", "created_at", "updated_at"]


class WorkspaceAnswer(CamelModelSerializer):
    layout = DocumentField()

    class Meta:
        model = Workspace
        fields = [*WorkspaceListed.Meta.fields, "layout"]


class WorkspaceChanged(WorkspaceAnswer, WriteAnswer):
    class Meta(WorkspaceAnswer.Meta):
        fields = [*WorkspaceAnswer.Meta.fields, "last_event_id"]


class WorkspacesAnswer(PageAnswer):
    items = WorkspaceListed(many=True)


# watchlists -----------------------------------------------------------------------------------------------------------


class WatchlistEntryBody(StrictSerializer):
    """An instrument on a list; validated to an `Entry`."""

    symbol = serializers.RegexField(SYMBOL, trim_whitespace=False)
    exchange = serializers.RegexField(
        EXCHANGE, trim_whitespace=False, required=False, help_text="Default: the instrument's own."
    )
    custom_fields = DocumentField(bytes_max=CUSTOM_FIELDS_BYTES_MAX, required=False, help_text="Opaque; at most 4 KiB.")

    def validate(self, attrs: dict[str, Any]) -> Any:
        return Entry(attrs["symbol"].upper(), attrs.get("exchange", ""), attrs.get("custom_fields"))


class WatchlistItemBody(WatchlistEntryBody):
    """`displayOrder`: its place, 0 the top; default the end. Validated to the arguments of `item_add`."""

    display_order = serializers.IntegerField(min_value=0, max_value=ITEMS_MAX, required=False)

    def validate(self, attrs: dict[str, Any]) -> Any:
        place = {"place": attrs["display_order"]} if "display_order" in attrs else {}
        return {"entry": super().validate(attrs), **place}


class WatchlistItemChange(StrictSerializer):
    custom_fields = DocumentField(bytes_max=CUSTOM_FIELDS_BYTES_MAX, required=False)
    display_order = serializers.IntegerField(
        source="place", min_value=0, max_value=ITEMS_MAX, required=False, help_text="Its place, 0 the top."
    )


class WatchlistItemsBody(StrictSerializer):
    """The whole list in its order."""

    items = WatchlistEntryBody(many=True)


class WatchlistBody(NamedBody):
    pass


class NewWatchlistBody(NamedBody):
    items = WatchlistEntryBody(many=True, required=False)


class WatchlistItemAnswer(CamelModelSerializer):
    custom_fields = DocumentField()

    class Meta:
        model = WatchlistItem
        fields = ["id", "symbol", "exchange", "custom_fields", "display_order", "added_at"]


class WatchlistItemChanged(WatchlistItemAnswer, WriteAnswer):
    class Meta(WatchlistItemAnswer.Meta):
        fields = [*WatchlistItemAnswer.Meta.fields, "last_event_id"]


class WatchlistItemsAnswer(PageAnswer):
    items = WatchlistItemAnswer(many=True)


class WatchlistItemsChanged(WatchlistItemsAnswer, WriteAnswer):
    pass


class WatchlistListed(CamelModelSerializer):
    """Without its items."""

    item_count = serializers.IntegerField()

    class Meta:
        model = Watchlist
        fields = ["id", "name", "is_default", "version", "created_at", "updated_at", "item_count"]


class WatchlistAnswer(CamelModelSerializer):
    items = WatchlistItemAnswer(many=True)

    class Meta:
        model = Watchlist
        fields = ["id", "name", "is_default", "version", "created_at", "updated_at", "items"]


class WatchlistChanged(WatchlistAnswer, WriteAnswer):
    class Meta(WatchlistAnswer.Meta):
        fields = [*WatchlistAnswer.Meta.fields, "last_event_id"]


class WatchlistsAnswer(PageAnswer):
    items = WatchlistListed(many=True)
