"""Do the peers get the same updates as this project's own sockets?"""

from __future__ import annotations

from itertools import islice

import msgspec

from bench.source import Quote, updates
from marketdata.items import QuoteItem


def fields(item: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(item)]


def test_a_peer_s_quote_has_the_fields_of_ours_in_their_order() -> None:
    assert fields(Quote) == [name for name in fields(QuoteItem) if name != "skipped"]


def test_our_own_reader_takes_it() -> None:
    for quote in islice(updates(symbols=3, seed=1), 500):
        msgspec.json.decode(msgspec.json.encode(quote), type=QuoteItem)


def test_every_symbol_counts_by_one_from_the_beginning() -> None:
    last: dict[str, int] = {}
    for quote in islice(updates(symbols=5, seed=2), 1_000):
        assert (quote.prev_seq, quote.seq) == (last.get(quote.symbol, 0), last.get(quote.symbol, 0) + 1)
        last[quote.symbol] = quote.seq
    assert len(last) == 5
