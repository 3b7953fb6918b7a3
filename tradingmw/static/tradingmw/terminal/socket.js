// One socket of the contract: opens with a fresh ticket, numbers its requests, reconnects with growing pauses,
// and tells its owner when it is open, so that the owner subscribes or resumes.

import { ticket } from "./rest.js";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
const SILENCE_MS = 5_000; // heartbeats come each second

export class Socket {
  constructor(path, { opened, pushed, state }) {
    Object.assign(this, { path, opened, pushed, state });
    this.waiting = new Map();
    this.nextId = 1;
    this.pauseMs = FIRST_PAUSE_MS;
    this.connect();
  }

  async connect() {
    this.state("connecting");
    try {
      const pass = await ticket();
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      this.socket = new WebSocket(`${scheme}://${location.host}${this.path}?ticket=${pass}`, "tmw.json.v1");
    } catch {
      this.again();
      return;
    }
    this.socket.onopen = () => this.open();
    this.socket.onmessage = (message) => this.received(JSON.parse(message.data));
    this.socket.onclose = (event) => this.closed(event.code);
  }

  async open() {
    this.listen();
    try {
      await this.opened(this);
      this.pauseMs = FIRST_PAUSE_MS;
      this.state("open");
    } catch {
      this.socket.close();
    }
  }

  received(frame) {
    this.listen();
    const wait = this.waiting.get(frame.id);
    if (!wait) { this.pushed(frame); return; }
    this.waiting.delete(frame.id);
    if (frame.status === "ok") wait.resolve(frame.result);
    else wait.reject(Object.assign(new Error(frame.error.message), { code: frame.error.code }));
  }

  request(method, params) {
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error("The connection is not open."));
    const id = this.nextId++;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  /** A line that says nothing for long is dead, whatever the browser believes. */
  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket.close(), SILENCE_MS);
  }

  closed(code) {
    clearTimeout(this.silence);
    for (const { reject } of this.waiting.values()) reject(new Error("The connection was lost."));
    this.waiting.clear();
    if (code >= 4500) this.pauseMs = Math.max(this.pauseMs, 1_000); // the next ticket request settles who we are
    this.again();
  }

  again() {
    this.state("lost");
    setTimeout(() => this.connect(), this.pauseMs * (0.5 + Math.random()));
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
