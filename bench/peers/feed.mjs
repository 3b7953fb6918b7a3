// What do all Node peers share? The feed, and how they talk to the runner.
import { createServer } from 'node:http';
import { Unpackr } from 'msgpackr';
import { Subscriber } from 'zeromq';

const BACKLOG = 2048;
const RECEIVED_AHEAD = 200_000; // messages: a peer that falls behind queues here before it loses anything
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

// Every quote of the feed whose address is the program's first argument, in order.
export async function* quotes() {
  const socket = new Subscriber({ receiveHighWaterMark: RECEIVED_AHEAD });
  socket.connect(process.argv[2]);
  socket.subscribe();
  for await (const [, packed] of socket) yield unpackr.unpack(packed);
}

// Listens on a free port, says which on standard output, and ends with standard input.
export function serve(application) {
  const server = createServer(application);
  server.listen(0, '127.0.0.1', BACKLOG, () => {
    console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
  });
  process.stdin.on('end', () => process.exit(0)).resume();
  return server;
}
