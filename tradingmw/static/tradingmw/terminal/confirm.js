// Does the trader mean it? Soft limits that an order breaks are shown before it goes.

import { ruleLine } from "./rules.js";
import { find } from "./views.js";

/** Whether the trader wants `order` sent although it breaks `rules`. */
export function confirmed(order, rules) {
  const dialog = find("confirm");
  dialog.querySelector("legend").textContent = `${order.side} ${order.quantity} ${order.symbol}?`;
  dialog.querySelector("[data-rules]").replaceChildren(...rules.map(ruleLine));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue === "send"); });
}
