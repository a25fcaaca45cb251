/**
 * A server that sends a gigabyte to whoever connects, and readers of it of chosen speed, as processes in places of a lab:
 *
 *   node fire-hose.ts serve ADDRESS PORT
 *   node fire-hose.ts slow HOST PORT FLOWS BYTES-PER-SECOND     says `reading` once all flows have got something
 *   node fire-hose.ts fast HOST PORT SECONDS                    prints the bytes it read
 *   node fire-hose.ts short HOST PORT FLOWS AT-ONCE             opens and ends so many, and prints how many were answered
 */
import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import type { Program } from './program.ts';

const self = fileURLToPath(import.meta.url);
const fileBytes = 1e9;
const stepMs = 250;

export async function serveFireHose(place: Place, address: string, port: number): Promise<void> {
  await spawn(place, 'serve', address, port).waitFor(/listening/);
}

/** Starts `flows` readers of `bytesPerSecond` each, which read until the program is ended. */
export async function readSlowly(
  place: Place,
  host: string,
  port: number,
  { flows, bytesPerSecond }: { flows: number; bytesPerSecond: number },
): Promise<Program> {
  const program = spawn(place, 'slow', host, port, flows, bytesPerSecond);
  await program.waitFor(/reading/, { timeoutMs: 60_000 });
  return program;
}

/** What one flow reads in `seconds` as fast as it comes, in bytes. */
export function readFast(place: Place, host: string, port: number, seconds: number): Promise<number> {
  return ask(place, 'fast', host, port, seconds);
}

/** Opens `flows` flows, `atOnce` at a time, reads a little and ends each; how many got something. */
export function openShort(
  place: Place,
  host: string,
  port: number,
  { flows, atOnce }: { flows: number; atOnce: number },
): Promise<number> {
  return ask(place, 'short', host, port, flows, atOnce);
}

function spawn(place: Place, ...args: (string | number)[]): Program {
  return place.spawn(process.execPath, [self, ...args.map(String)], { name: `fire-hose-${args[0]}` });
}

async function ask(place: Place, ...args: (string | number)[]): Promise<number> {
  const options = { timeoutMs: 180_000 };
  const { stdout, stderr } = await place.run(process.execPath, [self, ...args.map(String)], options);
  if (!/^\d+\n$/.test(stdout)) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  return Number(stdout);
}

if (import.meta.main) await main(process.argv.slice(2));

async function main([what, name = '', portText = '', ...more]: string[]): Promise<void> {
  const port = Number(portText);
  const [first = 0, second = 0] = more.map(Number);
  if (what === 'serve') return serve(name, port);
  const { address: host } = await lookup(name, { family: 4 });
  if (what === 'slow') await slow(host, port, first, second);
  else console.log(what === 'fast' ? await fast(host, port, first) : await short(host, port, first, second));
}

function serve(host: string, port: number): void {
  const block = Buffer.alloc(65_536, 0x70);
  const server = createServer((socket) => {
    let left = fileBytes;
    const pour = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= block.length;
        if (!socket.write(block)) return;
      }
      socket.end();
    };
    socket.on('drain', pour);
    socket.on('error', () => socket.destroy());
    pour();
  });
  server.listen({ port, host, backlog: 1_024 }, () => console.log('listening'));
}

async function slow(host: string, port: number, flows: number, bytesPerSecond: number): Promise<void> {
  const step = Math.round((bytesPerSecond * stepMs) / 1_000);
  const sockets = Array.from({ length: flows }, () => connect({ host, port }));
  await Promise.all(sockets.map((socket) => once(socket, 'readable')));
  console.log('reading');
  setInterval(() => {
    for (const socket of sockets) socket.read(step);
  }, stepMs);
  for (const socket of sockets) socket.on('error', (error) => console.log(`lost: ${error.message}`));
}

async function fast(host: string, port: number, seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1_000;
  let bytes = 0;
  // One file after the other, since a fast reader is through with it before the time is.
  while (performance.now() < untilMs) {
    const socket = connect({ host, port });
    const timer = setTimeout(() => socket.destroy(), untilMs - performance.now());
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await once(socket, 'close');
    clearTimeout(timer);
  }
  return bytes;
}

async function short(host: string, port: number, flows: number, atOnce: number): Promise<number> {
  let answered = 0;
  let left = flows;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const socket: Socket = connect({ host, port });
      await once(socket, 'data').then(
        () => (answered += 1),
        () => undefined,
      );
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return answered;
}
