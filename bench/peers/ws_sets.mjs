// Peer: plain `ws`, a set of sockets per symbol, each quote encoded once and sent to each at once.
import { WebSocketServer } from 'ws';
import { quotes, serve } from './feed.mjs';

const followers = new Map(); // symbol → Set of sockets

function follow(socket, symbols) {
  for (const symbol of symbols) {
    if (!followers.has(symbol)) followers.set(symbol, new Set());
    followers.get(symbol).add(socket);
  }
  socket.send(JSON.stringify({ subscribed: symbols.length }));
}

new WebSocketServer({ server: serve(), perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (text) => follow(socket, JSON.parse(text).subscribe));
  socket.on('close', () => followers.forEach((sockets) => sockets.delete(socket)));
});

for await (const quote of quotes()) {
  const sockets = followers.get(quote.symbol);
  if (!sockets?.size) continue;
  const message = Buffer.from(JSON.stringify(quote));
  for (const socket of sockets) socket.send(message, { binary: false });
}
