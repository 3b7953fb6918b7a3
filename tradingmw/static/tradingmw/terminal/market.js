// What is known of the market now: quotes, books and trades by symbol, as the market socket tells it.
// Every item names the number before it (`prevSeq`); where that is not the one we hold there is a hole, and the
// symbol is subscribed again, which brings a snapshot.

import { compare, isZero } from "./decimal.js";

const TRADES_KEPT = 12;

export class Market {
  constructor(changed) {
    this.changed = changed;
    this.quotes = new Map();
    this.books = new Map();
    this.trades = new Map();
    this.numbers = { quotes: new Map(), book: new Map(), trades: new Map() };
  }

  /** Takes one push; answers the symbols whose stream has a hole. */
  take({ channel, type, data }) {
    const holes = new Set();
    for (const item of data) {
      const known = this.numbers[channel].get(item.symbol);
      if (type === "update" && !(known && known.epoch === item.epoch && known.seq === item.prevSeq)) {
        if (!known || known.epoch !== item.epoch || item.seq > known.seq) holes.add(item.symbol);
        continue;
      }
      this.numbers[channel].set(item.symbol, { epoch: item.epoch, seq: item.seq });
      this[channel === "quotes" ? "takeQuote" : channel === "book" ? "takeBook" : "takeTrades"](item, type);
      this.changed(channel, item.symbol);
    }
    return holes;
  }

  takeQuote(item, type) {
    const before = type === "update" ? this.quotes.get(item.symbol) : {};
    this.quotes.set(item.symbol, { ...before, ...item });
  }

  takeBook(item, type) {
    const book = type === "update" ? this.books.get(item.symbol) : { bids: new Map(), asks: new Map() };
    if (item.cleared) { book.bids.clear(); book.asks.clear(); }
    for (const side of ["bids", "asks"]) {
      for (const [price, size] of item[side] || []) {
        if (isZero(size)) book[side].delete(price); else book[side].set(price, size);
      }
    }
    this.books.set(item.symbol, book);
  }

  takeTrades(item, type) {
    const before = type === "update" ? this.trades.get(item.symbol) || [] : [];
    const fresh = item.trades ? [...item.trades].reverse() : item.price === undefined ? [] : [item];
    this.trades.set(item.symbol, [...fresh, ...before].slice(0, TRADES_KEPT));
  }

  top(symbol, depth) {
    const book = this.books.get(symbol) || { bids: new Map(), asks: new Map() };
    return {
      bids: [...book.bids].sort((a, b) => compare(b[0], a[0])).slice(0, depth),
      asks: [...book.asks].sort((a, b) => compare(a[0], b[0])).slice(0, depth),
    };
  }
}
