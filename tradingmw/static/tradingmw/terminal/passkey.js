// How does the browser speak with a passkey? What the server asks comes as JSON with bytes in base64url, and goes back so.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const listed = (known = []) => known.map((one) => ({ ...one, id: bytes(one.id) }));

function written(credential, fields) {
  const response = Object.fromEntries(fields.filter((name) => credential.response[name])
    .map((name) => [name, text(credential.response[name])]));
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

export const offered = () => Boolean(window.PublicKeyCredential);

/** Makes a passkey on a device of the user's choice. */
export async function create(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: listed(options.excludeCredentials),
  };
  const credential = await navigator.credentials.create({ publicKey });
  const answer = written(credential, ["clientDataJSON", "attestationObject"]);
  answer.response.transports = credential.response.getTransports?.() ?? [];
  return answer;
}

/** Lets the user answer with a passkey that he has. */
export async function prove(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials) };
  const credential = await navigator.credentials.get({ publicKey });
  return written(credential, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}
