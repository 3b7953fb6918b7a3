// How does what is known become what is seen? Rows are made once and then only their changed cells are touched, at
// most once per frame of the screen.

import { compare, scaled, show } from "./decimal.js";

const ROWS = { depth: 10, orders: 200, executions: 100, notifications: 50 };
const AMENDABLE = new Set(["new", "partially_filled"]);
const FINAL = new Set(["filled", "canceled", "rejected", "expired", "denied"]);

export const find = (id) => document.getElementById(id);

function rowOf(body, key, columns) {
  let row = body.rows.namedItem(key);
  if (!row) {
    row = body.insertRow();
    row.id = key;
    for (const kind of columns) row.insertCell().className = kind;
  }
  return row;
}

/** What `parent` holds is these, in this order. Who stands where he belongs is not touched: he may be being pressed. */
export function arrange(parent, nodes) {
  const staying = new Set(nodes);
  for (const node of [...parent.children]) if (!staying.has(node)) node.remove();
  nodes.forEach((node, i) => { if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null); });
}

function put(cell, text, flash) {
  if (cell.textContent === text) return;
  if (flash && cell.textContent) {
    const way = compareShown(text, cell.textContent);
    cell.classList.remove("up", "down");
    void cell.offsetWidth; // restarts the animation
    cell.classList.add(way >= 0 ? "up" : "down");
  }
  cell.textContent = text;
}

const plain = (text) => (text === "–" ? "0" : text.replaceAll(",", ""));
const compareShown = (a, b) => compare(plain(a), plain(b));
const at = (time) => new Date(time).toLocaleTimeString([], { hour12: false });

function fill(row, texts, flashing = []) {
  texts.forEach((text, i) => put(row.cells[i], text, flashing.includes(i)));
}

export function quoteRow(quote, chosen, choose, unwatch) {
  const row = rowOf(find("quotes"), `quote-${quote.symbol}`, ["symbol", "n", "n price", "n price", "n", "n price", "n", "n", ""]);
  if (!row.cells[8].firstChild) row.cells[8].append(deedButton("×", `Stop watching ${quote.symbol}`, () => unwatch(quote.symbol)));
  row.onclick = () => choose(quote.symbol);
  row.classList.toggle("chosen", quote.symbol === chosen);
  row.classList.toggle("stale", quote.quality === "stale");
  fill(row, [quote.symbol, show(quote.bidSize), show(quote.bid, 2), show(quote.ask, 2), show(quote.askSize),
    show(quote.last, 2), show(quote.changePercent, 2), show(quote.volume)], [2, 3, 5]);
}

export const forget = (id) => find(id)?.remove();

/** Does `act` once: it answers whether what it asks for was taken, and only where it was not may it be asked for again. */
export function deedButton(text, label, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  button.setAttribute("aria-label", label);
  button.onclick = async (event) => {
    event.stopPropagation();
    button.disabled = true;
    button.disabled = await act();
  };
  return button;
}

export function depth(market, symbol) {
  document.querySelector("[data-symbol]").textContent = symbol;
  const { bids, asks } = market.top(symbol, ROWS.depth);
  for (let i = 0; i < ROWS.depth; i++) {
    const row = rowOf(find("depth"), `depth-${i}`, ["n", "n bid", "n ask", "n"]);
    const [bid, ask] = [bids[i], asks[i]];
    fill(row, [bid ? show(bid[1]) : "", bid ? show(bid[0], 2) : "", ask ? show(ask[0], 2) : "", ask ? show(ask[1]) : ""]);
  }
}

export function trades(market, symbol) {
  const body = find("trades");
  body.replaceChildren();
  for (const trade of market.trades.get(symbol) || []) {
    const row = body.insertRow();
    row.className = trade.side || "";
    for (const text of [at(trade.ts / 1000), show(trade.price, 2), show(trade.size)]) row.insertCell().textContent = text;
    row.cells[1].className = row.cells[2].className = "n";
  }
}

const newest = (rows, key) => [...rows.values()].sort((a, b) => (a[key] < b[key] ? 1 : -1));

export function orders(known, cancel, amend) {
  const body = find("orders");
  arrange(body, newest(known, "createdAt").slice(0, ROWS.orders).map((order) => {
    const row = rowOf(body, `order-${order.id}`, ["", "", order.side, "", "n", "n", "n", "n", "status", ""]);
    fill(row, [at(order.createdAt), order.symbol, order.side, order.orderType.replace("_", " "), show(order.quantity),
      show(order.price ?? order.stopPrice, 2), show(order.filledQuantity), show(order.averagePrice, 2), order.status.replaceAll("_", " ")]);
    row.dataset.status = order.status;
    offerDeeds(row.cells[9], order, cancel, amend);
    return row;
  }));
}

const termsOf = (deed, { side, quantity, symbol }) => `${deed} ${side} ${quantity} ${symbol}`;

function offerDeeds(cell, order, cancel, amend) {
  const terms = [order.status, order.quantity, order.price, order.stopPrice].join(" ");
  if (cell.dataset.terms === terms) return;
  cell.dataset.terms = terms;
  cell.replaceChildren();
  if (AMENDABLE.has(order.status)) cell.append(changeButton(order, amend), " ");
  if (FINAL.has(order.status) || order.status === "pending_cancel") return;
  cell.append(deedButton("Cancel", termsOf("Cancel", order), () => cancel(order.id)));
}

function changeButton(order, amend) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Change" });
  button.setAttribute("aria-label", termsOf("Change", order));
  button.onclick = () => amend(order);
  return button;
}

const gain = (amount) => `n ${scaled(amount || "0") < 0n ? "loss" : "gain"}`;

/** A price that is not the market's now is shown as what it is. */
export function positions(known, close) {
  const body = find("positions");
  arrange(body, [...known.values()].map((position) => {
    const row = rowOf(body, `position-${position.symbol}`, ["", "n", "n", "n", "n", "n", ""]);
    fill(row, [position.symbol, show(position.quantity), show(position.averagePrice, 2), show(position.currentPrice, 2),
      show(position.unrealizedPnl, 2), show(position.realizedPnl, 2)]);
    row.cells[4].className = gain(position.unrealizedPnl);
    row.cells[5].className = gain(position.realizedPnl);
    row.dataset.mark = position.markQuality;
    row.cells[3].title = position.markedAt ? `${position.markQuality}, ${at(position.markedAt)}` : "of the last fill";
    offerClose(row.cells[6], position, close);
    return row;
  }));
}

function offerClose(cell, position, close) {
  const isHeld = scaled(position.quantity) !== 0n;
  if (isHeld === Boolean(cell.firstChild)) return;
  cell.replaceChildren();
  if (!isHeld) return;
  const again = () => close(position.symbol).then(() => false); // of what is left, or comes anew
  cell.append(deedButton("Close", `Close ${position.symbol}`, again));
}

export function executions(known) {
  const body = find("executions");
  arrange(body, newest(known, "executedAt").slice(0, ROWS.executions).map((execution) => {
    const row = rowOf(body, `execution-${execution.id}`, ["", "", execution.side, "n", "n"]);
    fill(row, [at(execution.executedAt), execution.symbol, execution.side, show(execution.quantity), show(execution.price, 2)]);
    return row;
  }));
}

export function alerts(known, remove) {
  const body = find("alerts");
  arrange(body, newest(known, "createdAt").map((alert) => {
    const row = rowOf(body, `alert-${alert.id}`, ["", "", "n", "", ""]);
    const state = alert.isTriggered ? `fired ${at(alert.triggeredAt)}` : alert.isActive ? "waiting" : "off";
    fill(row, [alert.symbol, alert.condition, show(alert.targetPrice, 2), state]);
    row.classList.toggle("triggered", alert.isTriggered);
    if (!row.cells[4].firstChild) row.cells[4].append(deedButton("×", `Remove the alert on ${alert.symbol}`, () => remove(alert.id)));
    return row;
  }));
}

export function notifications(known) {
  const all = newest(known, "createdAt");
  const unread = all.filter((notification) => !notification.isRead).length;
  find("unread").textContent = unread || "";
  find("notifications").replaceChildren(...all.slice(0, ROWS.notifications).map((notification) => {
    const line = document.createElement("li");
    line.textContent = `${at(notification.createdAt)} ${notification.title}`;
    line.title = notification.message;
    line.classList.toggle("unread", !notification.isRead);
    return line;
  }));
}

export function parts(known) {
  find("parts").replaceChildren(...[...known].map(([name, state]) => {
    const light = document.createElement("span");
    light.textContent = name;
    light.dataset.state = state;
    light.title = `${name}: ${state}`;
    return light;
  }));
}

/** Runs `draw` for each name told since the last frame of the screen, once. */
export function onNextFrame(draw) {
  const told = new Set();
  return (...name) => {
    if (!told.size) requestAnimationFrame(() => { const all = [...told]; told.clear(); all.forEach((n) => draw(...n.split(" "))); });
    told.add(name.join(" "));
  };
}
