// The admin's login with a passkey: what the device answers is sent in place of name and password.

import { prove } from "../tradingmw/terminal/passkey.js";

const asked = JSON.parse(document.getElementById("asked").textContent);
const form = document.getElementById("login-form");

async function answer() {
  const credential = await prove(asked.webauthn);
  form.elements.attempt.value = asked.attempt;
  form.elements.credential.value = JSON.stringify(credential);
  for (const name of ["username", "password"]) form.elements[name].required = false;
  form.submit();
}

const button = document.getElementById("passkey");
button.onclick = () => answer().catch((fault) => { button.value = fault.message; });
