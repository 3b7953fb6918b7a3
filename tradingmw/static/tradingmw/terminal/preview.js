// What would the gate say to this order? Asked whenever the ticket changes, for both sides, before anything is sent.

import { call } from "./rest.js";
import { isBroken, ruleLine } from "./rules.js";

const PAUSE_MS = 300; // after the last key
const SIDES = ["buy", "sell"];

const heading = (side) => Object.assign(document.createElement("b"), { textContent: side });

async function broken(order) {
  try {
    return (await call("POST", "/orders/preview", order)).rules.filter(isBroken);
  } catch {
    return []; // what is wrong with its shape is told when it is sent
  }
}

/** Follows the ticket `form`; `orderOf(side)` is the order that a button would send. */
export function preview(form, orderOf) {
  const told = form.querySelector("[data-preview]");
  let timer = null;
  let asked = 0;

  async function look() {
    const mine = ++asked;
    if (!form.checkValidity()) { told.replaceChildren(); return; }
    const found = await Promise.all(SIDES.map((side) => broken(orderOf(side))));
    if (mine !== asked) return; // the ticket has changed meanwhile
    told.replaceChildren(...SIDES.flatMap((side, i) => (found[i].length ? [heading(side), ...found[i].map(ruleLine)] : [])));
  }

  const soon = () => { clearTimeout(timer); timer = setTimeout(look, PAUSE_MS); };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
