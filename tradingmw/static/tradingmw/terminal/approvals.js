// Which orders wait for this user's decision? Never his own. Asked for again when something is told, and now and then.

import { show } from "./decimal.js";
import { call, get } from "./rest.js";
import { explain } from "./ticket.js";
import { arrange, deedButton, find } from "./views.js";

const LOOK_MS = 5_000;
const DECIDERS = ["desk_head", "compliance"];

const words = ({ account, side, quantity, symbol, orderType, price }) =>
  `${account}: ${side} ${show(quantity)} ${symbol} ${price ? `at ${show(price, 2)}` : orderType}`;

export function approvals({ roles }) {
  const panel = find("approvals");
  const message = panel.querySelector("[data-message]");
  if (!roles.some((role) => DECIDERS.includes(role))) return { look: () => {} };

  /** Whether it was taken. */
  async function decide(order, decision) {
    message.textContent = "";
    try {
      await call("POST", `/orders/${order.id}/decision`, { decision });
      return true;
    } catch (problem) {
      message.textContent = explain(problem);
      return false;
    } finally { quietly(); }
  }

  function line(order) {
    const said = words(order);
    const item = Object.assign(document.createElement("li"), { id: `approval-${order.id}` });
    item.dataset.words = said;
    item.append(said);
    for (const [decision, label] of [["approve", "Approve"], ["refuse", "Refuse"]]) {
      item.append(" ", deedButton(label, `${label} ${said}`, () => decide(order, decision)));
    }
    return item;
  }

  /** The line that says it already, which may be being pressed; else a new one. */
  function lineOf(order) {
    const shown = find(`approval-${order.id}`);
    return shown?.dataset.words === words(order) ? shown : line(order);
  }

  async function look() {
    const { items } = await get("/orders/approvals?limit=50");
    panel.hidden = !items.length && !message.textContent;
    arrange(panel.querySelector("ul"), items.map(lineOf));
  }

  const quietly = () => look().catch(() => {});
  setInterval(quietly, LOOK_MS);
  quietly();
  return { look: quietly };
}
