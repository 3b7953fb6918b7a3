// Which orders wait for this user's decision? Never his own. Asked for again when something is told, and now and then.

import { show } from "./decimal.js";
import { call, get } from "./rest.js";
import { explain } from "./ticket.js";
import { find } from "./views.js";

const LOOK_MS = 5_000;
const DECIDERS = ["desk_head", "compliance"];

const words = ({ account, side, quantity, symbol, orderType, price }) =>
  `${account}: ${side} ${show(quantity)} ${symbol} ${price ? `at ${show(price, 2)}` : orderType}`;

export function approvals({ roles }) {
  const panel = find("approvals");
  const message = panel.querySelector("[data-message]");
  if (!roles.some((role) => DECIDERS.includes(role))) return { look: () => {}, close: () => {} };

  async function decide(order, decision) {
    message.textContent = "";
    try {
      await call("POST", `/orders/${order.id}/decision`, { decision });
    } catch (problem) { message.textContent = explain(problem); }
    await look();
  }

  function line(order) {
    const item = document.createElement("li");
    item.append(words(order));
    for (const [decision, label] of [["approve", "Approve"], ["refuse", "Refuse"]]) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
      button.setAttribute("aria-label", `${label} ${words(order)}`);
      button.onclick = () => { button.disabled = true; decide(order, decision); };
      item.append(" ", button);
    }
    return item;
  }

  async function look() {
    const { items } = await get("/orders/approvals?limit=50");
    panel.hidden = !items.length && !message.textContent;
    panel.querySelector("ul").replaceChildren(...items.map(line));
  }

  const quietly = () => look().catch(() => {});
  const timer = setInterval(quietly, LOOK_MS);
  quietly();
  return { look: quietly, close: () => { clearInterval(timer); panel.hidden = true; } };
}
