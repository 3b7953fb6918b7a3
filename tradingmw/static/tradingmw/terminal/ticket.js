// How is an order sent so that it is never sent twice? Each press of a button makes one clientOrderId; where no answer
// comes, the same order is repeated under the same id, and the server holds it once.

import { confirmed } from "./confirm.js";
import { preview } from "./preview.js";
import { Problem, call } from "./rest.js";
import { ruleText } from "./rules.js";
import { find } from "./views.js";

const PRICES = { market: [], limit: ["price"], stop: ["stopPrice"], stop_limit: ["price", "stopPrice"] };
const REPEATS = 3;

const say = (form, text, fault = false) => {
  const message = form.querySelector("[data-message]");
  message.textContent = text;
  message.classList.toggle("fault", fault);
};

function shownFields(form) {
  const wanted = PRICES[form.elements.orderType.value];
  for (const label of form.querySelectorAll("[data-field]")) {
    label.hidden = !wanted.includes(label.dataset.field);
    label.querySelector("input").required = !label.hidden;
  }
}

function orderOf(form, side) {
  const value = (name) => form.elements[name].value.trim();
  const order = { clientOrderId: `web-${crypto.randomUUID()}`, side };
  for (const name of ["symbol", "orderType", "timeInForce", "quantity"]) order[name] = value(name);
  for (const name of PRICES[order.orderType]) order[name] = value(name);
  return order;
}

async function place(order) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call("POST", "/orders", order, { Prefer: "wait=2" });
    } catch (problem) {
      const unanswered = !(problem instanceof Problem) || problem.status === 504;
      if (!unanswered || attempt === REPEATS) throw problem;
    }
  }
}

/** An order that breaks only what may be confirmed is sent when its trader says so, as the same order. */
async function placeConfirmed(order) {
  try {
    return await place(order);
  } catch (problem) {
    if (problem.code !== "CONFIRMATION_REQUIRED" || !(await confirmed(order, problem.rules))) throw problem;
    return place({ ...order, confirmationToken: problem.confirmationToken });
  }
}

export const explain = (problem) => [problem.message, ...(problem.rules || []).map(ruleText),
  ...(problem.errors || []).map((e) => `${e.attr}: ${e.detail}`)].join(" ");

export function ticket() {
  const form = find("ticket");
  form.elements.orderType.onchange = () => shownFields(form);
  shownFields(form);
  preview(form, (side) => orderOf(form, side));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const order = orderOf(form, event.submitter.value);
    say(form, `Sending: ${order.side} ${order.quantity} ${order.symbol} …`);
    try {
      const answer = await placeConfirmed(order);
      say(form, `${order.side} ${order.quantity} ${order.symbol}: ${answer.status.replaceAll("_", " ")}`);
    } catch (problem) {
      say(form, explain(problem), true);
    }
  };
  return {
    offer(instruments) {
      form.elements.symbol.replaceChildren(...instruments.map(({ symbol }) => new Option(symbol, symbol)));
    },
    choose(symbol) { form.elements.symbol.value = symbol; },
    onSymbol(callback) { form.elements.symbol.onchange = (event) => callback(event.target.value); },
    say: (text, fault) => say(form, text, fault),
  };
}
