// What is mine to guard: second factors, recovery codes and sessions. A change that needs a fresh proof asks for it and
// is then made.

import { create, offered, prove } from "./passkey.js";
import { call, get, refresh } from "./rest.js";
import { find } from "./views.js";

const at = (time) => (time ? new Date(time).toLocaleString([], { hour12: false }) : "never");

function line(text, label, press) {
  const item = document.createElement("li");
  item.append(text);
  if (press) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label, onclick: press });
    button.setAttribute("aria-label", `${label}: ${text}`);
    item.append(" ", button);
  }
  return item;
}

export function security(proven) {
  const dialog = find("security");
  const message = dialog.querySelector("[data-message]");
  const [stepUp, confirming] = [find("step-up"), find("app-confirm")];
  let waiting = null; // what is done once the user has proven himself

  const say = (text, fault = false) => {
    message.textContent = text;
    message.classList.toggle("fault", fault);
  };

  /** Does `deed`; where it needs a fresh proof, after that. */
  async function attempt(deed) {
    say("");
    try {
      await deed();
      await show();
    } catch (problem) { refused(deed, problem); }
  }

  function refused(deed, problem) {
    say(problem.message, true);
    if (problem.code !== "STEP_UP_REQUIRED") return;
    waiting = deed;
    stepUp.hidden = false;
    stepUp.elements.otp.focus();
  }

  async function stepped(proof) {
    try {
      await call("POST", "/auth/mfa/step-up", await proof());
    } catch (problem) { say(problem.message, true); return; }
    stepUp.hidden = true;
    stepUp.reset();
    const deed = waiting;
    waiting = null;
    if (deed) await attempt(deed);
  }

  async function show() {
    const paths = ["totp", "webauthn", "recovery-codes"].map((path) => `/auth/mfa/${path}`);
    const [apps, passkeys, codes, sessions] = await Promise.all([...paths, "/auth/sessions?limit=100"].map(get));
    const factors = (path, items) => items.map(({ id, name, lastUsedAt }) =>
      line(`${name}, used ${at(lastUsedAt)}`, "Remove", () => attempt(() => call("DELETE", `/auth/mfa/${path}/${id}`))));
    find("apps").replaceChildren(...factors("totp", apps.items));
    find("passkeys").replaceChildren(...factors("webauthn", passkeys.items));
    find("codes-left").textContent = `${codes.left} left`;
    find("sessions").replaceChildren(...sessions.items.map(session));
  }

  /** One session: the name that its user gives it, from where it is used, and how to end it. */
  function session({ id, name, current, ipAddress, userAgent, lastActive }) {
    const [path, text] = [`/auth/sessions/${id}`, `${current ? "This one" : at(lastActive)}, ${ipAddress}, ${userAgent}`];
    const item = line(text, "End", current ? null : () => attempt(() => call("DELETE", path)));
    const field = Object.assign(document.createElement("input"), { value: name, maxLength: 60, placeholder: "Name" });
    field.setAttribute("aria-label", `Name of: ${text}`);
    field.onchange = () => attempt(() => call("PATCH", path, { name: field.value.trim() }));
    item.prepend(field, " ");
    return item;
  }

  async function addApp(name) {
    const { id, qr, secret } = await call("POST", "/auth/mfa/totp", { name });
    confirming.hidden = false;
    confirming.querySelector("[data-qr]").src = `data:image/svg+xml,${encodeURIComponent(qr)}`;
    confirming.querySelector("[data-secret]").textContent = secret;
    confirming.elements.code.focus();
    confirming.onsubmit = submitted(({ code }) => attempt(async () => {
      await call("POST", `/auth/mfa/totp/${id}/confirm`, { code: code.value.trim() });
      confirming.hidden = true;
      confirming.reset();
      await settled("The app counts from now on.");
    }));
  }

  async function addPasskey(name) {
    const { challengeId, options } = await call("POST", "/auth/mfa/webauthn", {});
    await call("POST", "/auth/mfa/webauthn/finish", { challengeId, name, credential: await create(options) });
    await settled("The passkey counts from now on.");
  }

  /** A factor was added: the page may have waited for it. */
  async function settled(text) {
    proven(await refresh());
    say(text);
  }

  async function newCodes() {
    const { codes } = await call("POST", "/auth/mfa/recovery-codes", {});
    find("codes").replaceChildren(...codes.map((code) => line(code)));
    say("Write these codes down: they are shown once.");
  }

  const submitted = (act) => (event) => { event.preventDefault(); act(event.target.elements); };
  const adding = (add) => submitted(({ name }) => attempt(async () => { await add(name.value.trim()); name.value = ""; }));
  find("app-add").onsubmit = adding(addApp);
  find("passkey-add").onsubmit = adding(addPasskey);
  find("passkey-add").hidden = !offered();
  find("codes-new").onclick = () => attempt(newCodes);
  stepUp.onsubmit = submitted(({ otp }) => stepped(async () => ({ otp: otp.value.trim() })));
  stepUp.querySelector("[data-passkey]").onclick = () => stepped(async () => {
    const { challengeId, options } = await call("POST", "/auth/mfa/step-up/webauthn", {});
    return { challengeId, credential: await prove(options) };
  });
  dialog.querySelector("[data-close]").onclick = () => dialog.close();
  dialog.onclose = () => {
    find("codes").replaceChildren();
    confirming.hidden = stepUp.hidden = true;
    waiting = null;
  };

  async function open(text = "") {
    dialog.showModal();
    await attempt(async () => {});
    if (text) say(text);
  }
  /** Does `deed` of another part of the page, after a fresh proof where it needs one. */
  async function proving(deed) {
    try {
      await deed();
    } catch (problem) {
      await open();
      refused(deed, problem);
    }
  }

  find("security-open").onclick = () => open();
  return { open, proving };
}
