// Logging in: name and password, and a code or a passkey where the server asks for one.

import { offered, prove } from "./passkey.js";
import { login, loginWithPasskey } from "./rest.js";
import { find } from "./views.js";

export function loginForm(enter) {
  const form = find("login-form");
  const message = form.querySelector("[data-message]");
  const factor = form.querySelector("[data-factor]");
  const key = form.querySelector("[data-passkey]");
  const { username, password, otp } = form.elements;

  function ask(mfa) {
    factor.hidden = !mfa;
    key.hidden = !(mfa?.attempt && offered());
    key.onclick = () => attempt(async () => loginWithPasskey(mfa.attempt, await prove(mfa.webauthn)));
    if (mfa) otp.focus();
  }

  async function attempt(step) {
    message.textContent = "";
    try {
      const tokens = await step();
      form.reset();
      ask(null);
      await enter(tokens);
    } catch (problem) {
      message.textContent = problem.message;
      if (problem.code === "MFA_REQUIRED") ask(problem.mfa);
      else if (problem.code !== "MFA_LOCKED") key.hidden = true; // an attempt is answered once: log in again for another
    }
  }

  ask(null);
  form.onsubmit = (event) => {
    event.preventDefault();
    attempt(() => login(username.value, password.value, otp.value.trim()));
    otp.value = "";
  };
}
