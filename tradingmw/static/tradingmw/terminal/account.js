// What is the trader's own: orders, executions, positions, alerts and notifications, as the private stream tells it. `cursor` is the number of
// the last event taken; after a lost connection the stream is resumed from it.

const KEYS = { orders: "id", executions: "id", positions: "symbol", alerts: "id", notifications: "id" };
export const CHANNELS = Object.keys(KEYS);

export class Account {
  constructor(changed) {
    this.changed = changed;
    this.cursor = null;
    for (const channel of CHANNELS) this[channel] = new Map();
  }

  /** First time: snapshots. Later: only what happened since the cursor (or snapshots, where the log is shorter). */
  async join(socket) {
    const known = this.cursor;
    for (const channel of CHANNELS) {
      const { lastEventId } = await socket.request("subscribe", { channel, snapshot: known === null });
      if (known === null) this.reached(lastEventId);
    }
    if (known !== null) await socket.request("resume", { since: known });
  }

  /** Takes one push; answers false where the stream has a hole. */
  take({ channel, type, data }) {
    if (type === "snapshot") this[channel].clear();
    for (const item of data) {
      if (type === "update" && item.eventId !== undefined && this.cursor !== null) {
        if (item.prevEventId > this.cursor) return false;
      }
      if (item.eventId !== undefined) this.reached(item.eventId);
      const key = item.data[KEYS[channel]];
      if (item.kind.endsWith("_deleted")) this[channel].delete(key); else this[channel].set(key, item.data);
    }
    this.changed(channel);
    return true;
  }

  /** Reading is no event of the stream: what the server has confirmed is noted here. */
  readAll() {
    for (const [key, notification] of this.notifications) this.notifications.set(key, { ...notification, isRead: true });
    this.changed("notifications");
  }

  reached(eventId) {
    if (this.cursor === null || eventId > this.cursor) this.cursor = eventId;
  }
}
