/**
 * An application that says when its connections end, run as a process inside a place of the lab: what a revocation is
 * measured at. A connection begins with one line, as text or as an HTTP request, and then only the server speaks.
 *
 *   node origin-server.ts ADDRESS PORT
 *
 *   tick LABEL       a line every 50 ms          download LABEL   bytes without end
 *   idle LABEL       nothing
 *
 * It prints `open LABEL` and, once a connection is over, `end LABEL LAST END`: epoch milliseconds of the last byte it
 * handed to the system and of the end it saw. `Fleet` and tests read that.
 */
import { createServer, type Socket } from 'node:net';

const tickMs = 50;
/** A download of about 3 MB/s: many of them run at once and share two cores with everything else. */
const piece = Buffer.alloc(64 << 10, 'postern ');
const pieceMs = 20;

if (import.meta.main) serve(process.argv.slice(2));

function serve([address, port]: string[]): void {
  if (address === undefined || port === undefined) throw new Error('usage: origin-server.ts ADDRESS PORT');
  const server = createServer({ noDelay: true }, (socket) => {
    socket.once('data', (first) => begin(socket, first.toString('latin1')));
    socket.on('error', () => socket.destroy());
  });
  server.listen(Number(port), address, () => console.log('ready'));
}

function begin(socket: Socket, first: string): void {
  const match = /^(GET \/)?(tick|download|idle)[ /](\S+)/.exec(first);
  if (match === null) return void socket.destroy();
  const [, isHttp, mode, label] = match;
  let last = Date.now();
  const send = (bytes: string | Buffer): void => {
    if (!socket.writable || socket.writableNeedDrain) return;
    socket.write(bytes);
    last = Date.now();
  };
  console.log(`open ${label}`);
  if (isHttp !== undefined) send('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
  const timer =
    mode === 'idle'
      ? undefined
      : setInterval(
          () => send(mode === 'tick' ? `${Date.now()}\n` : piece),
          mode === 'tick' ? tickMs : pieceMs,
        );
  socket.resume();
  socket.once('end', () => socket.end());
  socket.once('close', () => {
    clearInterval(timer);
    console.log(`end ${label} ${last} ${Date.now()}`);
  });
}
