"""Which one-minute bars are finished, and who of the recorder workers gets which?

Bars of trades by the wall clock, pushed round robin to whoever pulls. They are work that may be shared: where nobody
pulls they are dropped and counted.
"""

from __future__ import annotations

import zmq

from bridge.simulator.board import Tape
from bridge.simulator.listings import Listing
from bridge.wire.codec import encode
from bridge.wire.market import Depth, Quote, Trade
from bridge.wire.messages import INT64_MAX, Bar

MINUTE_US = 60_000_000


class MinuteBars:
    """A tape that makes bars of the trades it passes on."""

    def __init__(self, tape: Tape, epoch: int) -> None:
        self._tape = tape
        self._epoch = epoch
        self._running: dict[int, Bar] = {}
        self._finished: list[Bar] = []
        self._due_us = INT64_MAX  #: when the next bar is finished

    def quote(self, listing: Listing, row: Quote) -> None:
        self._tape.quote(listing, row)

    def depth(self, listing: Listing, rows: list[Depth]) -> None:
        self._tape.depth(listing, rows)

    def trade(self, listing: Listing, row: Trade) -> None:
        self._tape.trade(listing, row)
        start_us = row.ts_us - row.ts_us % MINUTE_US
        bar = self._running.get(row.instrument_id)
        if bar is not None and bar.start_us < start_us:
            self._finished.append(bar)
            bar = None
        self._running[row.instrument_id] = self._with(bar, listing, row, start_us)
        self._due_us = min(self._due_us, start_us + MINUTE_US)

    def take_finished(self, now_us: int) -> list[Bar]:
        """The bars whose minute is over, each once."""
        if now_us < self._due_us:
            return []
        over = [key for key, bar in self._running.items() if bar.start_us + MINUTE_US <= now_us]
        finished, self._finished = self._finished, []
        finished += [self._running.pop(key) for key in over]
        self._due_us = min((bar.start_us + MINUTE_US for bar in self._running.values()), default=INT64_MAX)
        return finished

    def _with(self, bar: Bar | None, listing: Listing, row: Trade, start_us: int) -> Bar:
        return Bar(
            instrument_id=row.instrument_id,
            symbol=listing.symbol,
            epoch=self._epoch,
            start_us=start_us,
            open_e8=bar.open_e8 if bar else row.price_e8,
            high_e8=max(bar.high_e8, row.price_e8) if bar else row.price_e8,
            low_e8=min(bar.low_e8, row.price_e8) if bar else row.price_e8,
            close_e8=row.price_e8,
            volume_e8=min(row.size_e8 + (bar.volume_e8 if bar else 0), INT64_MAX),
        )


class WorkSender:
    """The PUSH socket. `dropped` counts what nobody could take."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self.dropped = 0

    def send(self, bars: list[Bar]) -> None:
        for bar in bars:
            try:
                self._socket.send_multipart(encode(bar), zmq.NOBLOCK)
            except zmq.Again:
                self.dropped += 1
