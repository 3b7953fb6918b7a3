// Setting an alert, taking it away, and reading what one was told.

import { call } from "./rest.js";
import { find } from "./views.js";

const say = (text, fault = false) => {
  find("alert-message").textContent = text;
  find("alert-message").classList.toggle("fault", fault);
};

async function readAll(account) {
  try {
    await call("POST", "/notifications/read-all", {});
    account.readAll();
  } catch (problem) { say(problem.message, true); }
}

export function alertForm(account) {
  const form = find("alert");
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { symbol, condition, targetPrice } = form.elements;
    try {
      await call("POST", "/alerts", { symbol: symbol.value, condition: condition.value, targetPrice: targetPrice.value.trim() });
      targetPrice.value = "";
      say("");
    } catch (problem) {
      say([problem.message, ...(problem.errors || []).map((e) => e.detail)].join(" "), true);
    }
  };
  find("read-all").onclick = () => readAll(account);
  return {
    offer: (instruments) => form.elements.symbol.replaceChildren(...instruments.map(({ symbol }) => new Option(symbol, symbol))),
  };
}

/** Whether it was taken. */
export async function remove(id) {
  try {
    await call("DELETE", `/alerts/${id}`);
    return true;
  } catch (problem) {
    say(problem.message, true);
    return false;
  }
}
