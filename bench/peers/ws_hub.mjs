// Peer: this project's design written in Node. Each quote is encoded once; every few milliseconds each socket gets one
// message that joins what it asked for. A socket that is backed up keeps only the number it last got of each symbol,
// and is told the newest quote and how many were skipped once it has drained.
import { WebSocketServer } from 'ws';
import { quotes, serve } from './feed.mjs';

const FLUSH_MS = 3; // as TMW_FEED_FLUSH_MS
const BACKED_UP = 65_536; // bytes

const newest = new Map(); // symbol → quote
const followers = new Map(); // symbol → Set of followers
const all = new Set();
let flushing = null;

class Follower {
  constructor(socket) {
    this.socket = socket;
    this.waiting = [];
    this.behind = new Map(); // symbol → number it last got
  }

  follow(symbols) {
    for (const symbol of symbols) {
      if (!followers.has(symbol)) followers.set(symbol, new Set());
      followers.get(symbol).add(this);
    }
    this.socket.send(JSON.stringify({ subscribed: symbols.length }));
  }

  flush() {
    const isBackedUp = this.socket.bufferedAmount > BACKED_UP;
    if (isBackedUp || this.behind.size) this.fallBehind();
    if (isBackedUp) return;
    const texts = this.behind.size ? this.missed() : this.waiting.map((update) => update.text);
    this.waiting.length = 0;
    if (texts.length) this.socket.send(`[${texts.join(',')}]`);
  }

  fallBehind() {
    for (const { symbol, seq } of this.waiting) if (!this.behind.has(symbol)) this.behind.set(symbol, seq - 1);
    this.waiting.length = 0;
  }

  missed() {
    const texts = [...this.behind].map(([symbol, sent]) => {
      const { epoch, seq, ...rest } = newest.get(symbol);
      return JSON.stringify({ ...{ symbol, epoch, seq, prevSeq: 0, skipped: 0 }, ...rest, prevSeq: sent, skipped: seq - sent - 1 });
    });
    this.behind.clear();
    return texts;
  }
}

new WebSocketServer({ server: serve(), perMessageDeflate: false }).on('connection', (socket) => {
  const follower = new Follower(socket);
  all.add(follower);
  socket.on('message', (text) => follower.follow(JSON.parse(text).subscribe));
  socket.on('close', () => {
    all.delete(follower);
    followers.forEach((some) => some.delete(follower));
  });
});

function flush() {
  flushing = null;
  for (const follower of all) if (follower.waiting.length || follower.behind.size) follower.flush();
}

for await (const quote of quotes()) {
  newest.set(quote.symbol, quote);
  const some = followers.get(quote.symbol);
  if (!some?.size) continue;
  const update = { symbol: quote.symbol, seq: quote.seq, text: JSON.stringify(quote) };
  for (const follower of some) follower.waiting.push(update);
  flushing ??= setTimeout(flush, FLUSH_MS);
}
