// The page: log in, then two sockets feed two stores, and every change of a store is drawn once per screen frame.

import { Account } from "./account.js";
import { alertForm, remove } from "./alerts.js";
import { amend } from "./amend.js";
import { approvals } from "./approvals.js";
import { halts } from "./halts.js";
import { loginForm } from "./login.js";
import { Market } from "./market.js";
import { call, get, logout, onLoggedOut, refresh } from "./rest.js";
import { security } from "./security.js";
import { Socket } from "./socket.js";
import { explain, ticket } from "./ticket.js";
import * as views from "./views.js";
import { Watchlist } from "./watchlist.js";

const { find } = views;
let desk = null;

class Desk {
  constructor(me, instruments, watchlist) {
    this.halts = halts(me, settings.proving);
    this.approvals = approvals(me);
    this.watchlist = watchlist;
    this.parts = new Map();
    this.chosen = watchlist.symbols[0] ?? instruments[0].symbol;
    this.ticket = ticket();
    this.ticket.offer(instruments);
    this.ticket.choose(this.chosen);
    this.offerSymbols(instruments);
    this.ticket.onSymbol((symbol) => this.choose(symbol));
    this.market = new Market(views.onNextFrame((channel, symbol) => this.drawMarket(channel, symbol)));
    this.account = new Account(views.onNextFrame((channel) => this.drawAccount(channel)));
    alertForm(this.account).offer(instruments);
    this.marketSocket = new Socket("/ws/v1/market", {
      opened: (socket) => this.joinMarket(socket), pushed: (push) => this.onMarket(push), state: light("light-market"),
    });
    this.tradingSocket = new Socket("/ws/v1/trading", {
      opened: (socket) => this.joinTrading(socket), pushed: (push) => this.onTrading(push), state: light("light-trading"),
    });
  }

  offerSymbols(instruments) {
    find("symbols").replaceChildren(...instruments.map(({ symbol }) => new Option(symbol)));
    find("watch").onsubmit = (event) => {
      event.preventDefault();
      const { symbol } = event.target.elements;
      this.watch(symbol.value.trim().toUpperCase());
      symbol.value = "";
    };
  }

  async watch(symbol) {
    if (!symbol || this.watchlist.symbols.includes(symbol)) return;
    try {
      await this.watchlist.add(symbol);
      await this.marketSocket.request("subscribe", { channel: "quotes", symbols: [symbol] });
    } catch (problem) { this.ticket.say(problem.message, true); }
  }

  /** Whether it was taken. */
  async unwatch(symbol) {
    try {
      await this.watchlist.remove(symbol);
      views.forget(`quote-${symbol}`);
      await this.marketSocket.request("unsubscribe", { channel: "quotes", symbols: [symbol] });
      return true;
    } catch (problem) {
      this.ticket.say(problem.message, true);
      return false;
    }
  }

  async joinMarket(socket) {
    const { symbols } = this.watchlist;
    if (symbols.length) await socket.request("subscribe", { channel: "quotes", symbols });
    await this.joinChosen(socket);
  }

  async joinTrading(socket) {
    await this.account.join(socket);
    await socket.request("subscribe", { channel: "system" });
  }

  joinChosen(socket) {
    return Promise.all(["book", "trades"].map((channel) => socket.request("subscribe", { channel, symbols: [this.chosen] })));
  }

  async choose(symbol) {
    if (symbol === this.chosen) return;
    const left = this.chosen;
    this.chosen = symbol;
    this.ticket.choose(symbol);
    for (const known of this.watchlist.symbols) this.drawMarket("quotes", known);
    this.drawMarket("book", symbol);
    this.drawMarket("trades", symbol);
    try {
      await Promise.all(["book", "trades"].map((channel) => this.marketSocket.request("unsubscribe", { channel, symbols: [left] })));
      await this.joinChosen(this.marketSocket);
    } catch { /* the line is down: when it is back, `joinMarket` asks for what is chosen then */ }
  }

  onMarket(push) {
    if (push.channel === "heartbeat") { showAge(push.data[0]); return; }
    if (!this.market.numbers[push.channel]) return;
    const holes = this.market.take(push);
    if (holes.size) this.marketSocket.request("subscribe", { channel: push.channel, symbols: [...holes] });
  }

  onTrading(push) {
    if (push.channel === "system") { this.onSystem(push); return; }
    if (!this.account[push.channel]) return;
    if (!this.account.take(push)) this.tradingSocket.request("resume", { since: this.account.cursor });
  }

  onSystem({ data }) {
    if (data.some(({ part }) => part === "trading")) this.halts.look();
    for (const { part, state } of data) if (part) this.parts.set(part, state);
    views.parts(this.parts);
  }

  drawMarket(channel, symbol) {
    if (channel === "quotes") {
      const quote = this.watchlist.symbols.includes(symbol) && this.market.quotes.get(symbol);
      if (quote) views.quoteRow(quote, this.chosen, (other) => this.choose(other), (other) => this.unwatch(other));
    } else if (symbol === this.chosen) {
      (channel === "book" ? views.depth : views.trades)(this.market, symbol);
    }
  }

  drawAccount(channel) {
    if (channel === "orders") views.orders(this.account.orders, (id) => this.cancel(id), (order) => amend(order, explain));
    else if (channel === "positions") views.positions(this.account.positions, (symbol) => this.closePosition(symbol));
    else if (channel === "alerts") views.alerts(this.account.alerts, remove);
    else views[channel](this.account[channel]);
    if (channel === "notifications") this.approvals.look();
  }

  async cancel(id) {
    try {
      await call("DELETE", `/orders/${id}`);
      return true;
    } catch (problem) {
      this.ticket.say(problem.message, true);
      return false;
    }
  }

  /** At the market; the same press is never done twice. */
  async closePosition(symbol) {
    try {
      const { items } = await call("POST", "/positions/close", { symbol, requestId: crypto.randomUUID() });
      const refused = items.filter((item) => item.code);
      this.ticket.say(refused.map((item) => `${item.symbol}: ${item.code}`).join(" ") || `Closing ${symbol} …`, refused.length > 0);
    } catch (problem) { this.ticket.say(explain(problem), true); }
  }
}

const light = (id) => (state) => { find(id).dataset.state = state; };

function showAge({ state, ageMs }) {
  find("feed-age").textContent = state === "live" ? "" : `feed ${state}${ageMs === undefined ? "" : `, ${Math.round(ageMs / 1000)} s old`}`;
}

function show(part) {
  find("login").hidden = part !== "login";
  find("desk").hidden = part !== "desk";
}

async function enter({ mfa }) {
  if (mfa?.state === "required") return settings.open("Your role needs a second factor: set one up to go on.");
  const [me, { items }] = await Promise.all([get("/auth/me"), get("/instruments?limit=200")]);
  const watchlist = await Watchlist.open(items);
  find("who").textContent = me.username;
  show("desk");
  desk = new Desk(me, items, watchlist);
}

const askWho = () => show("login");

/** Of who was here nothing may be left, neither shown nor typed nor still under way: the page begins anew. */
function leave() {
  show("nothing");
  location.reload();
}

const settings = security((tokens) => { if (!desk) enter(tokens).catch(askWho); });
loginForm(enter);
find("logout").onclick = () => logout().catch((problem) => desk.ticket.say(`You are still logged in: ${problem.message}`, true));
onLoggedOut(leave);
refresh().then(enter).catch(askWho);
