// Which symbols are watched? The trader's default watchlist, kept on the server; made with all instruments the first
// time. Each change is one request; the server's answer is the truth.

import { call, get } from "./rest.js";

export class Watchlist {
  constructor(list) { this.list = list; }

  static async open(instruments) {
    const { items } = await get("/me/watchlists?limit=100");
    const kept = items.find((list) => list.isDefault) || items[0];
    if (kept) return new Watchlist(await get(`/me/watchlists/${kept.id}`));
    const entries = instruments.slice(0, 20).map(({ symbol }) => ({ symbol }));
    return new Watchlist(await call("POST", "/me/watchlists", { name: "Watchlist", isDefault: true, items: entries }));
  }

  get symbols() { return this.list.items.map(({ symbol }) => symbol); }

  async add(symbol) {
    const item = await call("POST", `/me/watchlists/${this.list.id}/items`, { symbol });
    this.list.items.push(item);
  }

  async remove(symbol) {
    const { id } = this.list.items.find((item) => item.symbol === symbol);
    await call("DELETE", `/me/watchlists/${this.list.id}/items/${id}`);
    this.list.items = this.list.items.filter((item) => item.id !== id);
  }
}
