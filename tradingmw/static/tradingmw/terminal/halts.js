// Where may not be traded freely now, and who stops or lets go? One person stops at once; letting go takes another one
// who asks for it, and a third who agrees, each with a second factor proven lately.

import { call, get } from "./rest.js";
import { find } from "./views.js";

// Beside what is pushed, which is what binds oneself: who looks after others asks more often.
const LOOK_MS = 10_000;
const KEEPER_LOOK_MS = 1_000;
const KEEPERS = ["compliance", "operations", "admin"]; // of the whole firm; they let go, too
const STATES = { halted: "Trading is halted", reduce_only: "Positions may only be reduced" };
const at = (time) => new Date(time).toLocaleTimeString([], { hour12: false });

/** What a user with these roles may stop: pairs of a scope and its target. */
function reachOf({ username, desk, roles }) {
  const own = [["user", username, "Only me"]];
  if (roles.includes("desk_head") && desk) own.push(["desk", desk, `Desk ${desk}`]);
  if (roles.some((role) => KEEPERS.includes(role))) own.push(["firm", null, "The whole firm"]);
  return own;
}

const place = ({ scope, target }) => (scope === "firm" ? "the firm" : `${scope} ${target}`);
const wish = (scope, target, state, reason) => ({ scope, ...(target ? { target } : {}), state, reason });

function words(item) {
  const text = `${STATES[item.state]} for ${place(item)}: ${item.reason} (${item.setBy}, ${at(item.setAt)}).`;
  const left = item.unconfirmed ? ` ${item.unconfirmed} orders are not confirmed as ended.` : "";
  return text + left + (item.release ? ` ${item.release.askedBy} asks for its release.` : "");
}

/** `proving(deed)` does what needs a fresh second factor. */
export function halts(me, proving) {
  const banner = find("halts");
  const dialog = find("halt");
  const form = dialog.querySelector("form");
  const message = form.querySelector("[data-message]");
  const reach = reachOf(me);
  const mayRelease = me.roles.some((role) => KEEPERS.includes(role));
  let shown = "[]";
  form.elements.place.replaceChildren(...reach.map(([, , label], i) => new Option(label, i)));

  async function look() {
    const { items } = await get("/trading-state");
    const now = JSON.stringify(items);
    if (now === shown) return; // a button made anew between a press and its release would not be pressed
    shown = now;
    banner.hidden = !items.length;
    banner.replaceChildren(...items.map(line));
  }

  function line(item) {
    const row = document.createElement("p");
    row.dataset.state = item.state;
    row.append(words(item));
    if (mayRelease && item.setBy !== me.username && item.release?.askedBy !== me.username) {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.textContent = item.release ? "Agree to the release" : "Ask for its release";
      button.onclick = () => proving(() => call("POST", "/trading-state", wish(item.scope, item.target, "active", item.reason)).then(look));
      row.append(" ", button);
    }
    return row;
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    if (event.submitter?.value !== "halt") return dialog.close();
    const { place: chosen, state, reason } = form.elements;
    const [scope, target] = reach[chosen.value];
    try {
      await call("POST", "/trading-state", wish(scope, target, state.value, reason.value.trim()));
      dialog.close();
      await look();
    } catch (problem) {
      message.textContent = problem.message;
      message.classList.add("fault");
    }
  };
  find("halt-open").onclick = () => { message.textContent = ""; form.reset(); dialog.showModal(); };

  const quietly = () => look().catch(() => {});
  setInterval(quietly, mayRelease ? KEEPER_LOOK_MS : LOOK_MS);
  quietly();
  return { look: quietly };
}
