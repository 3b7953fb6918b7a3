"""What stands on a watchlist, and in which order?

Each change first gives the watchlist its next version: that locks its row, so that changes of one list take turns, and
tells every other holder of it that it is another one now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from marketdata.selectors import instrument_exchanges
from preferences.documents import EMPTY, Document
from preferences.models import Watchlist, WatchlistItem
from preferences.selectors import watchlist_item_own, watchlist_own
from preferences.services.named import quota_reached
from tradingmw.errors import Code, Conflict, InvalidRequest, NotFound
from tradingmw.etags import Expected, version_advance

ITEMS_MAX = 500
ROWS_PER_STATEMENT = 100  # of 7 columns: SQLite may be built for 999 parameters
ERRORS_SHOWN = 20


class Listing(NamedTuple):
    """What names an instrument on a list, which has it once."""

    symbol: str
    exchange: str


class Entry(NamedTuple):
    """What shall stand on a list; `exchange` "" for the instrument's own, `custom_fields` None to leave them."""

    symbol: str
    exchange: str = ""
    custom_fields: Document | None = None


def item_add(
    *, user_id: UUID, watchlist_id: UUID, allowed: Expected, entry: Entry, place: int = ITEMS_MAX
) -> WatchlistItem:
    """At `place` (0 is the top), or at the end. NotFound, PreconditionFailed, Conflict, InvalidRequest."""
    with transaction.atomic():
        items = _items_taken(user_id, watchlist_id, allowed)
        added = _made(watchlist_id, _listings([entry], ())[0], entry)
        _arrange(items, [*items[:place], added, *items[place:]])
        return watchlist_item_own(user_id, watchlist_id, added.id)


def item_change(
    *,
    user_id: UUID,
    watchlist_id: UUID,
    item_id: UUID,
    allowed: Expected,
    custom_fields: Document | None = None,
    place: int | None = None,
) -> WatchlistItem:
    """Note something else with it, move it to `place`. NotFound, Precondition…"""
    with transaction.atomic():
        items = _items_taken(user_id, watchlist_id, allowed)
        item, others = _parted(items, item_id)
        _note(item, custom_fields)
        if place is not None:
            _arrange(items, [*others[:place], item, *others[place:]])
        return watchlist_item_own(user_id, watchlist_id, item_id)


def item_remove(*, user_id: UUID, watchlist_id: UUID, item_id: UUID, allowed: Expected) -> int:
    """The watchlist's new version. NotFound, PreconditionFailed."""
    with transaction.atomic():
        items = _items_taken(user_id, watchlist_id, allowed)
        _, others = _parted(items, item_id)
        _arrange(items, others)
        return Watchlist.objects.values_list("version", flat=True).get(id=watchlist_id)


def items_replace(*, user_id: UUID, watchlist_id: UUID, allowed: Expected, entries: Sequence[Entry]) -> Watchlist:
    """Exactly `entries`, in their order; what stays keeps its id. NotFound, Precondition…, Conflict, InvalidRequest."""
    with transaction.atomic():
        items_store(watchlist_id, entries, _items_taken(user_id, watchlist_id, allowed))
        return watchlist_own(user_id, watchlist_id)


def items_store(watchlist_id: UUID, entries: Sequence[Entry], before: Sequence[WatchlistItem] = ()) -> None:
    """Put `entries` in the place of `before`; part of a transaction that has taken the watchlist."""
    known = {Listing(item.symbol, item.exchange): item for item in before}
    after = []
    for listing, entry in zip(_listings(entries, known), entries, strict=True):
        item = known.get(listing)
        if item is not None:
            _note(item, entry.custom_fields)
        after.append(item or _made(watchlist_id, listing, entry))
    _arrange(before, after)


def _items_taken(user_id: UUID, watchlist_id: UUID, allowed: Expected) -> list[WatchlistItem]:
    """The items in their order, once their watchlist has its next version."""
    rows = Watchlist.objects.filter(user_id=user_id, id=watchlist_id)
    version_advance(rows, allowed, updated_at=timezone.now())
    return list(WatchlistItem.objects.filter(watchlist_id=watchlist_id))


def _parted(items: Sequence[WatchlistItem], item_id: UUID) -> tuple[WatchlistItem, list[WatchlistItem]]:
    """The item of that id, and the others; NotFound."""
    found = [item for item in items if item.id == item_id]
    if not found:
        raise NotFound
    return found[0], [item for item in items if item.id != item_id]


def _listings(entries: Sequence[Entry], known: Iterable[Listing]) -> list[Listing]:
    """What each entry names: something that is traded here, or stands on the list already."""
    traded = instrument_exchanges({entry.symbol for entry in entries})
    exchanges = {**traded, **dict(known)}
    listings = [Listing(entry.symbol, entry.exchange or exchanges.get(entry.symbol, "")) for entry in entries]
    if unknown := set(listings) - {Listing(*pair) for pair in traded.items()} - set(known):
        raise _unknown(sorted(unknown))
    return listings


def _unknown(listings: Sequence[Listing]) -> InvalidRequest:
    code = Code.UNKNOWN_INSTRUMENT
    errors = [
        {"attr": "symbol", "code": code.lower(), "detail": " on ".join(filter(None, listing))}
        for listing in listings[:ERRORS_SHOWN]
    ]
    return InvalidRequest("The symbol is not traded here.", code=code, errors=errors)


def _made(watchlist_id: UUID, listing: Listing, entry: Entry) -> WatchlistItem:
    fields = (entry.custom_fields or EMPTY).column
    return WatchlistItem(
        watchlist_id=watchlist_id, symbol=listing.symbol, exchange=listing.exchange, custom_fields=fields
    )


def _note(item: WatchlistItem, custom_fields: Document | None) -> None:
    if custom_fields is not None:
        WatchlistItem.objects.filter(id=item.id).update(custom_fields=custom_fields.column)


def _arrange(before: Sequence[WatchlistItem], after: Sequence[WatchlistItem]) -> None:
    """Store `after` in its order in the place of `before`; Conflict (QUOTA_REACHED, ALREADY_LISTED)."""
    if len(after) > ITEMS_MAX:
        raise quota_reached(ITEMS_MAX)
    _check_distinct(after)
    stored, staying = {item.id for item in before}, {item.id for item in after}
    moved = [item for place, item in enumerate(after) if item.id in stored and item.display_order != place]
    for place, item in enumerate(after):
        item.display_order = place
    WatchlistItem.objects.filter(id__in=stored - staying).delete()
    WatchlistItem.objects.bulk_create([item for item in after if item.id not in stored], ROWS_PER_STATEMENT)
    WatchlistItem.objects.bulk_update(moved, ["display_order"], ROWS_PER_STATEMENT)


def _check_distinct(items: Iterable[WatchlistItem]) -> None:
    times = Counter((item.symbol, item.exchange) for item in items)
    if twice := [symbol for (symbol, _), count in times.items() if count > 1]:
        raise Conflict(f"{twice[0]} stands on the list once.", code=Code.ALREADY_LISTED)
