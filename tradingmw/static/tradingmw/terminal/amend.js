// How is an open order changed? In a dialog with its present terms. Only what differs is sent; that it is done is told
// by the order's own events.

import { call } from "./rest.js";
import { find } from "./views.js";

const TERMS = { quantity: "New quantity", price: "New price", stopPrice: "New stop price" };

function field(name, value) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { name, value, required: true, inputMode: "decimal", autocomplete: "off" });
  label.append(TERMS[name], " ", input);
  return label;
}

const changed = (form, order) => Object.fromEntries(
  Object.keys(TERMS).filter((name) => order[name]).map((name) => [name, form.elements[name].value.trim()])
    .filter(([name, value]) => value !== order[name]));

/** Opens the dialog for `order`; `explain` makes words of a problem. */
export function amend(order, explain) {
  const dialog = find("amend");
  const form = dialog.querySelector("form");
  const message = form.querySelector("[data-message]");
  form.querySelector("legend").textContent = `Change ${order.side} ${order.quantity} ${order.symbol}`;
  form.querySelector("[data-terms]").replaceChildren(...Object.keys(TERMS).filter((name) => order[name]).map((name) => field(name, order[name])));
  message.textContent = "";
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (event.submitter?.value === "keep") return dialog.close();
    try {
      await call("PATCH", `/orders/${order.id}`, changed(form, order));
      dialog.close();
    } catch (problem) {
      message.textContent = explain(problem);
      message.classList.add("fault");
    }
  };
  dialog.showModal();
}
