/**
 * A server that sends back what it gets, and what is measured at it: the round trip on one flow, and how long a new flow
 * takes to its first answer. Runs as a process inside a place of the lab:
 *
 *   node echo.ts serve ADDRESS PORT
 *   node echo.ts round-trips HOST PORT COUNT        prints the times in ms, as JSON
 *   node echo.ts opens HOST PORT COUNT
 */
import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Place } from '../test/support/lab/place.ts';
import { quantile } from './comparison.ts';

const messageBytes = 64;
const self = fileURLToPath(import.meta.url);

/** Starts the server on `port` of `address` and waits until it listens. */
export async function serveEcho(place: Place, address: string, port: number): Promise<void> {
  await place
    .spawn(process.execPath, [self, 'serve', address, String(port)], { name: 'echo' })
    .waitFor(/listening/);
}

/** The middle one of `count` round trips of 64 bytes, in ms, on one flow; the first hundred only warm up. */
export async function roundTripMs(place: Place, host: string, port: number, count: number): Promise<number> {
  return quantile(await ask(place, 'round-trips', host, port, count), 0.5);
}

/** The middle one of `count` times from connecting to the answer to 64 bytes, in ms, the name resolved beforehand. */
export async function openMs(place: Place, host: string, port: number, count: number): Promise<number> {
  return quantile(await ask(place, 'opens', host, port, count), 0.5);
}

async function ask(place: Place, what: string, host: string, port: number, count: number): Promise<number[]> {
  const args = [self, what, host, String(port), String(count)];
  const { code, stdout, stderr } = await place.run(process.execPath, args, { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${what} to ${host}:${port} failed: ${stderr}`);
  return JSON.parse(stdout) as number[];
}

if (import.meta.main) await main(process.argv.slice(2));

async function main([what, host = '', port = '', count = '']: string[]): Promise<void> {
  if (what === 'serve') serve(host, Number(port));
  else {
    const { address } = await lookup(host, { family: 4 });
    const times = what === 'opens' ? timeOpens : timeRoundTrips;
    console.log(JSON.stringify(await times(address, Number(port), Number(count))));
  }
}

function serve(address: string, port: number): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(port, address, () => console.log('listening'));
}

async function timeRoundTrips(address: string, port: number, count: number): Promise<number[]> {
  const warmUp = 100;
  const socket = await connected(address, port);
  const times: number[] = [];
  for (let index = 0; index < warmUp + count; index += 1)
    times.push(await answered(socket, performance.now()));
  socket.destroy();
  return times.slice(warmUp);
}

async function timeOpens(address: string, port: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now();
    const socket = await connected(address, port);
    times.push(await answered(socket, startedAt));
    socket.end();
    await once(socket.resume(), 'close');
  }
  return times;
}

async function connected(address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends a message and waits for all of it; the time since `startedAt`. */
function answered(socket: Socket, startedAt: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let missing = messageBytes;
  const take = (bytes: Buffer): void => {
    missing -= bytes.length;
    if (missing > 0) return;
    socket.off('data', take).off('close', gone);
    resolve(performance.now() - startedAt);
  };
  const gone = (): void => reject(new Error('the flow ended before its answer'));
  socket.on('data', take).on('close', gone);
  socket.write(Buffer.alloc(messageBytes, 0x70));
  return promise;
}
