"""Which were the last trades of a symbol?"""

from __future__ import annotations

from collections import deque

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from marketdata.hub.pushes import UPDATE
from marketdata.hub.views import CatchUp, Moment, Topic, skipped
from marketdata.items import TRADES_KEPT, Channel, Item, Print, TradeItem, TradesItem, read_trade, read_trades


class TradeTopic(Topic):
    """The last trades: those of the state this hub began with, then those it has seen."""

    channel = Channel.TRADES
    __slots__ = ("_before", "_state", "_update")

    def __init__(self, packed: bytes) -> None:
        self._state = read_trades(packed)
        super().__init__(self._state.symbol, self._state.seq)
        self._before = self._state.trades
        self._update: deque[bytes] = deque(maxlen=TRADES_KEPT)

    def note(self, seq: int, packed: bytes) -> None:
        self.seq = seq
        self._update.append(packed)

    def renew(self, packed: bytes) -> None:
        state = read_trades(packed)
        if state.seq != self.seq:
            self._state, self.seq, self._before = state, state.seq, state.trades
            self._update.clear()

    def trades(self) -> list[Print]:
        """The last trades, oldest first."""
        return [*self._before, *[printed(read_trade(packed)) for packed in self._update]][-TRADES_KEPT:]

    def snapshot(self, sent: int, moment: Moment) -> TradesItem:
        trades = self.trades()
        ts = trades[-1].ts if trades else self._state.ts
        return replace(self._state, seq=self.seq, prev_seq=sent, ts=ts, trades=trades)

    def missed(self, sent: int, moment: Moment) -> CatchUp:
        """Every trade that is still kept; the first of them tells how many are not."""
        items: list[Item] = []
        lost = 0
        for trade in self.trades():
            if trade.seq <= sent:
                continue
            gap = skipped(trade.seq, sent)
            lost += 0 if gap is UNSET else gap
            items.append(self._item(trade, sent, gap))
            sent = trade.seq
        return CatchUp(UPDATE, items, lost)

    def _item(self, trade: Print, sent: int, gap: int | UnsetType) -> TradeItem:
        return TradeItem(
            symbol=self.symbol,
            epoch=self._state.epoch,
            seq=trade.seq,
            prev_seq=sent,
            skipped=gap,
            ts=trade.ts,
            price=trade.price,
            size=trade.size,
            side=trade.side,
            trade_id=trade.trade_id,
        )


def printed(item: TradeItem) -> Print:
    return Print(seq=item.seq, ts=item.ts, price=item.price, size=item.size, side=item.side, trade_id=item.trade_id)
