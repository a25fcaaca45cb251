/**
 * A UDP server that sends back what it gets, and a program that asks it, as processes inside places of the lab:
 *
 *   node udp-echo.ts serve ADDRESS PORT
 *   node udp-echo.ts ask HOST PORT WAIT-MS SIZE…      prints, as JSON, for each size whether the same bytes came back
 *   node udp-echo.ts go-on HOST PORT     asks on and on from one port, says so, and prints when it was last answered
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';

const self = fileURLToPath(import.meta.url);

/** Starts the server and waits until it listens. */
export async function serveUdpEcho(place: Place, address: string, port: number): Promise<void> {
  await place
    .spawn(process.execPath, [self, 'serve', address, String(port)], { name: 'udp-echo' })
    .waitFor(/listening/);
}

/** Which of the sizes came back within `waitMs` each; `refused` where the system said at once that nobody is there. */
export async function askUdpEcho(
  place: Place,
  host: string,
  port: number,
  sizes: readonly number[],
  waitMs = 2_000,
): Promise<('same' | 'none' | 'refused')[]> {
  const args = [self, 'ask', host, String(port), String(waitMs), ...sizes.map(String)];
  const { stdout, stderr } = await place.run(process.execPath, args);
  if (!stdout.startsWith('[')) throw new Error(`asking ${host}:${port} failed: ${stderr}`);
  return JSON.parse(stdout) as ('same' | 'none' | 'refused')[];
}

/**
 * Asks every 20 ms from one port, which is one flow, as long as it is answered; resolves once it is. `lastMs` resolves when
 * there has been no answer for 1.5 s: the epoch milliseconds of the last one.
 */
export async function goOnAsking(
  place: Place,
  host: string,
  port: number,
): Promise<{ readonly lastMs: Promise<number> }> {
  const program = place.spawn(process.execPath, [self, 'go-on', host, String(port)], { name: 'udp-asks' });
  await program.waitFor(/answered/);
  return { lastMs: program.waitFor(/last (\d+)\n/).then(([, ms]) => Number(ms)) };
}

if (import.meta.main) await main(process.argv.slice(2));

async function main([what, host = '', port = '', waitMs = '', ...sizes]: string[]): Promise<void> {
  const socket = createSocket('udp4');
  if (what === 'serve') {
    socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address));
    socket.bind(Number(port), host, () => console.log('listening'));
    return;
  }
  socket.connect(Number(port), host);
  await once(socket, 'connect');
  if (what === 'go-on') return goOn(socket);
  const answers = [];
  for (const size of sizes) answers.push(await ask(socket, Number(size), Number(waitMs)));
  socket.close();
  console.log(JSON.stringify(answers));
}

function goOn(socket: Asked): void {
  let lastMs = 0;
  socket.on('message', () => {
    if (lastMs === 0) console.log('answered');
    lastMs = Date.now();
  });
  // What a system says of a port that is not bound any more is no answer.
  socket.on('error', () => undefined);
  const timer = setInterval(() => {
    if (lastMs === 0 || Date.now() - lastMs < 1_500) return socket.send('on and on');
    clearInterval(timer);
    socket.close();
    return console.log(`last ${lastMs}`);
  }, 20);
}

type Asked = ReturnType<typeof createSocket>;

function ask(socket: Asked, size: number, waitMs: number): Promise<'same' | 'none' | 'refused'> {
  const bytes = randomBytes(size);
  return new Promise((resolve) => {
    const timer = setTimeout(() => done('none'), waitMs);
    const done = (how: 'same' | 'none' | 'refused'): void => {
      clearTimeout(timer);
      socket.removeAllListeners('message').removeAllListeners('error');
      resolve(how);
    };
    socket.on('message', (answer) => {
      if (answer.equals(bytes)) done('same');
    });
    socket.on('error', () => done('refused'));
    socket.send(bytes, () => undefined);
  });
}
