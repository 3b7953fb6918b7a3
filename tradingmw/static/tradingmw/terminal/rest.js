// How does the page speak to the REST interface? The access token lives in memory only; the refresh token is a
// cookie that scripts cannot read.

const ROOT = "/api/v1";

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    const { code, mfa, rules, confirmationToken } = body;
    Object.assign(this, { status, code, errors: body.errors || [], mfa, rules: rules || [], confirmationToken });
  }
}

let accessToken = null;
let whenLoggedOut = () => {};

export const onLoggedOut = (callback) => { whenLoggedOut = callback; };

async function send(method, path, body, headers = {}) {
  const response = await fetch(ROOT + path, {
    method,
    headers: {
      Accept: "application/json",
      "X-Client": "browser",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(accessToken ? { Authorization: `Bearer ${accessToken}` } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
  });
  const answer = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

const keep = (tokens) => { accessToken = tokens.accessToken; return tokens; };

export const login = async (username, password, otp) => keep(await send("POST", "/auth/login", { username, password, otp }));
export const loginWithPasskey = async (attempt, credential) =>
  keep(await send("POST", "/auth/mfa/webauthn/login", { attempt, credential }));

const userOf = (token) => JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;

/** All windows of a browser share the cookie: in another one somebody else may have logged in. This page is not his. */
function renewed(tokens) {
  if (accessToken && userOf(accessToken) !== userOf(tokens.accessToken)) {
    whenLoggedOut();
    throw new Error("Somebody else has logged in in this browser.");
  }
  return keep(tokens);
}

let refreshing = null;
/** One refresh at a time: a second caller waits for the first one's answer. */
export function refresh() {
  refreshing ??= send("POST", "/auth/refresh", {}).then(renewed).finally(() => { refreshing = null; });
  return refreshing;
}

export async function logout() {
  await call("POST", "/auth/logout", {});
  whenLoggedOut();
}

/** A call that renews an expired access token once; the page goes back to the login when that fails. */
export async function call(method, path, body, headers) {
  try {
    return await send(method, path, body, headers);
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    try { await refresh(); } catch (failed) {
      if (failed.status === 401) whenLoggedOut();
      throw failed;
    }
    return send(method, path, body, headers);
  }
}

export const get = (path) => call("GET", path);
export const ticket = async () => (await call("POST", "/auth/ws-ticket", {})).ticket;
