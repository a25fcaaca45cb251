/**
 * An application that is spoken to in every way a flow can be, and says when it last received something over each
 * connection, run as a process inside a place of the lab: what the revocation matrix is measured at.
 *
 *   node mixed-origin-server.ts ADDRESS RAW-PORT HTTP-PORT
 *
 *   raw port    a line with a label, then anything; every chunk is answered
 *   http port   GET /keep-alive/LABEL answers at once · POST /upload/LABEL takes its body for ever · /socket/LABEL echoes
 *
 * It prints `open LABEL`, and `end LABEL LAST END` once the connection is over: epoch milliseconds of the last byte it
 * received and of the end it saw. To `last PREFIX` on standard input it answers `last PREFIX LABEL LAST …` for those open.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

/** Of each connection that was given a label: when it last received something, epoch milliseconds. */
const received = new Map<Socket, { readonly label: string; last: number }>();

if (import.meta.main) serve(process.argv.slice(2));

function serve([address, rawPort, httpPort]: string[]): void {
  if (address === undefined || httpPort === undefined)
    throw new Error('usage: mixed-origin-server.ts ADDRESS RAW-PORT HTTP-PORT');
  const raw = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => follow(socket, first.toString('latin1').split('\n')[0] ?? ''));
    socket.on('data', () => socket.write('ok\n'));
    socket.once('end', () => socket.end());
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const http = createHttpServer({ requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    const [, kind, label = ''] = (request.url ?? '').split('/');
    follow(request.socket, label);
    request.resume();
    if (kind === 'keep-alive') response.end('ok');
  });
  http.on('connection', (socket: Socket) => socket.on('error', () => socket.destroy()));
  http.on('upgrade', (request, socket, head) => {
    follow(socket as Socket, (request.url ?? '').split('/')[2] ?? '');
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => opened.terminate());
      opened.on('message', (data) => opened.send(data));
    });
  });
  raw.listen(Number(rawPort), address, () =>
    http.listen(Number(httpPort), address, () => console.log('ready')),
  );
  createInterface(process.stdin).on('line', (line) => {
    const prefix = line.split(' ')[1] ?? '';
    const open = [...received.values()].filter(({ label }) => label.startsWith(prefix));
    console.log(`last ${prefix} ${open.map(({ label, last }) => `${label} ${last}`).join(' ')}`);
  });
}

/** From the first time that a label is known; a connection kept alive keeps the first one. */
function follow(socket: Socket, label: string): void {
  const known = received.get(socket);
  if (known !== undefined) return;
  const entry = { label, last: Date.now() };
  received.set(socket, entry);
  console.log(`open ${label}`);
  socket.on('data', () => {
    entry.last = Date.now();
  });
  socket.once('close', () => {
    received.delete(socket);
    console.log(`end ${label} ${entry.last} ${Date.now()}`);
  });
}
