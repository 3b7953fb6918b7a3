// Peer: the feed bridge's work on quotes, written in Node: envelope and checksum, number, rows, derived fields, JSON and
// MessagePack of each update, a numbered frame every few milliseconds. No books, no snapshots, no range checks.
//   node feed_bridge.mjs <market data> <layer> <keys>
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { Publisher, Subscriber } from 'zeromq';

const FLUSH_MS = 3; // as TMW_FEED_FLUSH_MS
const [HEADER, HEAD, ROW] = [32, 24, 72]; // bytes: envelope, what stands before the rows, a quote
const E8 = 1e8;
const [marketData, layer, keys] = process.argv.slice(2);
const packr = new Packr({ useRecords: false });
const key = (name) => readFileSync(`${keys}/${name}`, 'ascii').trim();
const own = (server) => ({
  curvePublicKey: key('feed-bridge.public'),
  curveSecretKey: key('feed-bridge.secret'),
  curveServerKey: key(`${server}.public`),
});

const epoch = Date.now() * 1000;
const instruments = new Map(); // instrument id → state
let [lastSeq, number, waiting, sending, flushedAt] = [0, 0, [], false, 0];

const text = (valueE8) => (valueE8 ? String(valueE8 / E8) : undefined);

function instrument(id) {
  const symbol = `SYM${String(id).padStart(3, '0')}`;
  const state = { symbol, topic: `quotes:${symbol}`, close: (100 + (id % 100) * 5) * E8, seq: 0, high: 0, low: 0 };
  instruments.set(id, state);
  return state;
}

function item(state, rows, at) {
  const value = (column) => Number(rows.readBigInt64LE(at + 8 * column));
  const [ts, last] = [value(1), value(6)];
  state.seq += 1;
  state.high = Math.max(state.high, last);
  state.low = last ? Math.min(state.low || last, last) : state.low;
  const moved = last && last - state.close;
  return {
    symbol: state.symbol,
    epoch,
    seq: state.seq,
    prevSeq: state.seq - 1,
    ts,
    bid: text(value(2)),
    bidSize: text(value(3)),
    ask: text(value(4)),
    askSize: text(value(5)),
    last: text(last),
    lastSize: text(value(7)),
    volume: text(value(8)),
    change: last ? text(moved) ?? '0' : undefined,
    changePercent: last ? ((100 * moved) / state.close).toFixed(4) : undefined,
    high: text(state.high),
    low: text(state.low),
    quality: 'ok',
    ageMs: Math.max(0, Date.now() - Math.floor(ts / 1000)),
  };
}

function take(header, payload) {
  if (header.length !== HEADER || header.toString('ascii', 0, 4) !== 'TMW1') return;
  if (header.readUInt32LE(24) !== payload.length || header.readUInt32LE(28) !== crc32(payload)) return;
  if (header[6] !== 2) return; // quotes
  const seq = Number(header.readBigUInt64LE(16));
  if (lastSeq && seq !== lastSeq + 1) console.error(`gap before ${seq}`);
  lastSeq = seq;
  for (let at = HEAD; at < payload.length; at += ROW) {
    const id = payload.readUInt32LE(at);
    const state = instruments.get(id) ?? instrument(id);
    const update = item(state, payload, at);
    waiting.push(state.topic, update.seq, Buffer.from(JSON.stringify(update)), packr.pack(update));
  }
}

const publisher = new Publisher({ ...own('layer'), linger: 0, sendHighWaterMark: 1000 });
publisher.connect(layer);

async function flush() {
  if (sending || !waiting.length) return;
  [sending, flushedAt] = [true, performance.now()];
  const updates = waiting;
  waiting = [];
  number += 1;
  const body = packr.pack([BigInt(epoch), '0', number, BigInt(Date.now() * 1000), 'live', 0, updates]);
  await publisher.send(['g:md.0\0', packr.pack({ type: 'market.frame', body })]);
  sending = false;
}

const subscriber = new Subscriber({ ...own('engine'), receiveHighWaterMark: 10_000 });
subscriber.connect(marketData);
subscriber.subscribe('md.0');
process.stdin.on('end', () => process.exit(0)).resume();
console.log(JSON.stringify({ event: 'started' }));
setInterval(flush, FLUSH_MS); // comes when nothing else waits
for await (const [, header, payload] of subscriber) {
  take(header, payload);
  if (performance.now() - flushedAt >= FLUSH_MS) await flush();
}
