// Peer: socket.io as its documentation shows it, a room per symbol, one emit per quote.
import { Server } from 'socket.io';
import { quotes, serve } from './feed.mjs';

const io = new Server(serve(), { transports: ['websocket'], serveClient: false, perMessageDeflate: false });

io.on('connection', (socket) => {
  socket.on('subscribe', async (symbols, acknowledge) => {
    await socket.join(symbols);
    acknowledge(symbols.length);
  });
});

for await (const quote of quotes()) io.to(quote.symbol).emit('quote', quote);
