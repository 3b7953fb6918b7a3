// How are the rules of the gate told to people? What breaks them now, and what the server says when it stops an order.

import { show } from "./decimal.js";

const WORDS = {
  trading_state: "Trading", restricted: "Restricted", reference_price: "Price of the market", max_order_quantity: "Quantity of an order",
  max_order_notional: "Value of an order", price_collar: "Distance from the market, %", max_position: "Position",
  max_open_notional: "Value of open orders", max_open_orders: "Open orders", order_rate: "Orders in a second",
  max_daily_orders: "Orders today", duplicate_orders: "Equal orders",
  max_daily_cancels: "Cancels today", self_trade: "Your own order against it",
};

const number = (text) => (/^-?[\d.]+$/.test(text ?? "") ? show(text) : (text ?? ""));

/** Is the rule broken? Its headroom is below nothing. */
export const isBroken = ({ headroom, passed }) => (passed === undefined ? String(headroom ?? "").startsWith("-") : !passed);

/** One rule in words: what, how much, how much is allowed. */
export function ruleText({ rule, value, limit }) {
  const said = [WORDS[rule] ?? rule.replaceAll("_", " ")];
  if (value !== null && value !== undefined && value !== "") said.push(number(value));
  if (limit !== null && limit !== undefined && limit !== "") said.push(`limit ${number(limit)}`);
  return said.join(", ");
}

export function ruleLine(rule) {
  const line = document.createElement("li");
  line.textContent = ruleText(rule);
  line.className = rule.hard ? "hard" : "soft";
  return line;
}
