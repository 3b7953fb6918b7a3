// Peer: Express + zeromq.js. POST /orders → engine (DEALER → ROUTER) → its answer.
// Arguments: the engine's address and, where each order is to be durable before it is sent, a database file.
import express from 'express';
import { pack, unpack } from 'msgpackr';
import { randomUUID } from 'node:crypto';
import { Dealer } from 'zeromq';
import { serve } from './feed.mjs';

const [, , engineAddress, databaseFile] = process.argv;
const keep = databaseFile ? await durable(databaseFile) : () => {};
const engine = new Dealer();
engine.connect(engineAddress);
const unanswered = new Map(); // order id → resolve
const outgoing = [];
let isSending = false;

// One synced insert per order: what `accepted` promises here.
async function durable(file) {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE orders (id TEXT PRIMARY KEY, client_order_id TEXT UNIQUE NOT NULL, body TEXT NOT NULL)');
  const insert = database.prepare('INSERT INTO orders VALUES (?, ?, ?)');
  return (order) => insert.run(order.id, order.clientOrderId, JSON.stringify(order));
}

async function receive() {
  for await (const [id, packed] of engine) {
    const resolve = unanswered.get(id.toString());
    unanswered.delete(id.toString());
    resolve?.(unpack(packed));
  }
}

// zeromq.js takes one send at a time.
async function send() {
  if (isSending) return;
  isSending = true;
  while (outgoing.length) await engine.send(outgoing.shift());
  isSending = false;
}

function ask(order) {
  const answer = new Promise((resolve) => unanswered.set(order.id, resolve));
  outgoing.push([order.id, pack(order)]);
  send();
  return answer;
}

const DECIMAL = /^\d{1,12}(\.\d{1,8})?$/;
const isOrder = (order) =>
  /^[A-Za-z0-9_.:-]{1,48}$/.test(order.clientOrderId) &&
  /^[A-Z0-9.]{1,12}$/.test(order.symbol) &&
  ['buy', 'sell'].includes(order.side) &&
  ['limit', 'market'].includes(order.orderType) &&
  ['day', 'gtc', 'ioc', 'fok'].includes(order.timeInForce) &&
  DECIMAL.test(order.quantity) &&
  +order.quantity > 0 &&
  DECIMAL.test(order.price) &&
  +order.price > 0;

const app = express();
app.disable('x-powered-by');
app.use(express.json({ limit: '64kb' }));
app.post('/orders', async (request, response) => {
  if (!isOrder(request.body)) return response.status(422).json({ code: 'INVALID' });
  const order = { id: randomUUID(), ...request.body, status: 'pending_new', createdAt: new Date().toISOString() };
  keep(order);
  const { status } = await ask(order);
  response.status(201).json({ ...order, status });
});

receive();
serve(app);
