/**
 * An application that answers every byte with the same byte, run as a process inside a place: what flows of numbered blocks
 * are sent to.
 *
 *   node block-server.ts ADDRESS PORT
 */
import { createServer } from 'node:net';

const [address, port] = process.argv.slice(2);
if (address === undefined || port === undefined) throw new Error('usage: block-server.ts ADDRESS PORT');
createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}).listen(Number(port), address, () => console.log('ready'));
