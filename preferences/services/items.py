"""What stands on a watchlist, and in which order?

Each change first gives the watchlist its next version: that locks its row, so that changes of one list take turns, and
tells every other holder of it that it is another one now. What can be looked up before that is, and the answer is read
after the commit: while a list of 500 is rearranged, orders wait for the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper as Cursor
from django.utils import timezone

from marketdata.selectors import instrument_exchanges
from preferences.documents import EMPTY, Document
from preferences.models import Watchlist, WatchlistItem
from preferences.selectors import watchlist_item_own, watchlist_own
from preferences.services.named import quota_reached
from tradingmw.errors import Code, Conflict, InvalidRequest, NotFound
from tradingmw.etags import Expected, version_advance
from tradingmw.statements import Insert, Update

ITEMS_MAX = 500
ERRORS_SHOWN = 20
NOWHERE = -1

insert_items = Insert(WatchlistItem)
update_places = Update(WatchlistItem, ["display_order"])
update_notes = Update(WatchlistItem, ["custom_fields"])


class Entry(NamedTuple):
    """What shall stand on a list; `exchange` "" for the instrument's own, `custom_fields` None to leave them."""

    symbol: str
    exchange: str = ""
    custom_fields: Document | None = None


class Standing(NamedTuple):
    """An item and its place, NOWHERE before it is stored; `custom_fields` where they change."""

    id: UUID
    symbol: str
    exchange: str
    place: int
    custom_fields: Document | None = None


def item_add(
    *, user_id: UUID, watchlist_id: UUID, allowed: Expected, entry: Entry, place: int = ITEMS_MAX
) -> WatchlistItem:
    """At `place` (0 is the top), or at the end. NotFound, PreconditionFailed, Conflict, InvalidRequest."""
    traded = traded_of([entry])
    with transaction.atomic():
        items = _items_taken(user_id, watchlist_id, allowed)
        (added,) = _standing([entry], (), traded)
        _arrange(watchlist_id, items, [*items[:place], added, *items[place:]])
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
        place = items.index(item) if place is None else place
        _arrange(watchlist_id, items, [*others[:place], item._replace(custom_fields=custom_fields), *others[place:]])
    return watchlist_item_own(user_id, watchlist_id, item_id)


def item_remove(*, user_id: UUID, watchlist_id: UUID, item_id: UUID, allowed: Expected) -> int:
    """The watchlist's new version. NotFound, PreconditionFailed."""
    with transaction.atomic():
        items = _items_taken(user_id, watchlist_id, allowed)
        _, others = _parted(items, item_id)
        _arrange(watchlist_id, items, others)
        return Watchlist.objects.values_list("version", flat=True).get(id=watchlist_id)


def items_replace(*, user_id: UUID, watchlist_id: UUID, allowed: Expected, entries: Sequence[Entry]) -> Watchlist:
    """Exactly `entries`, in their order; what stays keeps its id. NotFound, Precondition…, Conflict, InvalidRequest."""
    traded = traded_of(entries)
    with transaction.atomic():
        items = _items_taken(user_id, watchlist_id, allowed)
        items_store(watchlist_id, entries, traded, items)
    return watchlist_own(user_id, watchlist_id)


def traded_of(entries: Sequence[Entry]) -> dict[str, str]:
    """Symbol → exchange of the entries that are traded here; Conflict (QUOTA_REACHED) for more than a list holds."""
    if len(entries) > ITEMS_MAX:
        raise quota_reached(ITEMS_MAX)
    return instrument_exchanges({entry.symbol for entry in entries})


def items_store(
    watchlist_id: UUID, entries: Sequence[Entry], traded: Mapping[str, str], before: Sequence[Standing] = ()
) -> None:
    """Put `entries` in the place of `before`; part of a transaction that has taken the watchlist."""
    _arrange(watchlist_id, before, _standing(entries, before, traded))


def _items_taken(user_id: UUID, watchlist_id: UUID, allowed: Expected) -> list[Standing]:
    """The items in their order, once their watchlist has its next version."""
    rows = Watchlist.objects.filter(user_id=user_id, id=watchlist_id)
    version_advance(rows, allowed, updated_at=timezone.now())
    columns = WatchlistItem.objects.filter(watchlist_id=watchlist_id).values_list(
        "id", "symbol", "exchange", "display_order"
    )
    return [Standing(*values) for values in columns]


def _parted(items: Sequence[Standing], item_id: UUID) -> tuple[Standing, list[Standing]]:
    """The item of that id, and the others; NotFound."""
    found = next((item for item in items if item.id == item_id), None)
    if found is None:
        raise NotFound
    return found, [item for item in items if item is not found]


def _standing(entries: Sequence[Entry], before: Sequence[Standing], traded: Mapping[str, str]) -> list[Standing]:
    """What each entry names: an item that is on the list, or else an instrument that is traded here."""
    known = {(item.symbol, item.exchange): item for item in before}
    exchanges = {**traded, **{item.symbol: item.exchange for item in before}}
    standing, unknown = [], []
    for symbol, exchange, custom_fields in entries:
        listing = symbol, exchange or exchanges.get(symbol, "")
        if listing not in known and traded.get(symbol) != listing[1]:
            unknown.append(symbol)
        item = known.get(listing) or Standing(uuid4(), *listing, place=NOWHERE)
        standing.append(item._replace(custom_fields=custom_fields))
    if unknown:
        raise _unknown(unknown)
    return standing


def _unknown(symbols: Sequence[str]) -> InvalidRequest:
    code = Code.UNKNOWN_INSTRUMENT
    errors = [{"attr": "symbol", "code": code.lower(), "detail": symbol} for symbol in symbols[:ERRORS_SHOWN]]
    return InvalidRequest("The symbol is not traded here.", code=code, errors=errors)


def _arrange(watchlist_id: UUID, before: Sequence[Standing], after: Sequence[Standing]) -> None:
    """Store `after` in its order in the place of `before`; Conflict (QUOTA_REACHED, ALREADY_LISTED)."""
    if len(after) > ITEMS_MAX:
        raise quota_reached(ITEMS_MAX)
    _check_distinct(after)
    staying = {item.id for item in after}
    WatchlistItem.objects.filter(id__in=[item.id for item in before if item.id not in staying]).delete()
    with connection.cursor() as cursor:
        _move(cursor, [(place, item) for place, item in enumerate(after) if item.place != NOWHERE])
        _add(cursor, watchlist_id, [(place, item) for place, item in enumerate(after) if item.place == NOWHERE])


def _move(cursor: Cursor, stored: Sequence[tuple[int, Standing]]) -> None:
    moved = [(place, item) for place, item in stored if item.place != place]
    update_places.write(cursor, [{"id": item.id, "display_order": place} for place, item in moved])
    noted = [(item.id, item.custom_fields) for _, item in stored if item.custom_fields]
    update_notes.write(cursor, [{"id": item_id, "custom_fields": note.text} for item_id, note in noted])


def _add(cursor: Cursor, watchlist_id: UUID, new: Sequence[tuple[int, Standing]]) -> None:
    now = timezone.now()
    rows = (
        {
            "id": item.id,
            "watchlist_id": watchlist_id,
            "symbol": item.symbol,
            "exchange": item.exchange,
            "custom_fields": (item.custom_fields or EMPTY).text,
            "display_order": place,
            "added_at": now,
        }
        for place, item in new
    )
    insert_items.write(cursor, rows)


def _check_distinct(items: Sequence[Standing]) -> None:
    times = Counter((item.symbol, item.exchange) for item in items)
    if twice := [symbol for (symbol, _), count in times.items() if count > 1]:
        raise Conflict(f"{twice[0]} stands on the list once.", code=Code.ALREADY_LISTED)
