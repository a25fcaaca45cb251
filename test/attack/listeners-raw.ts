/** The listeners under attack, and connections that say exactly what a test tells them to, byte for byte. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '../../protocol/clock.ts';
import type { PeerBounds } from '../../protocol/slow-peers.ts';
import { listenForNodes } from '../../relay/listener.ts';
import { StartedController } from '../controller/support/started-controller.ts';
import type { AfterTest } from '../controller/support/controller.ts';
import { createAuthority } from '../support/authority.ts';
import { RelayLab } from '../support/relay-lab.ts';

export interface Target {
  readonly name: string;
  readonly port: number;
  /** The authority that certifies it; plain without. */
  readonly ca?: string;
  /** The paths of its upgrades. */
  readonly upgrades: readonly [path: string, subprotocol: string][];
  /** A path whose answer is long, for who does not read it. */
  readonly long: string;
}

const control: [string, string] = ['/control', 'postern.control.v1'];
const hop: [string, string] = ['/hop', 'postern.hop.v1'];

/** Every HTTP listener that faces the internet: the controller's and the relay's, with TLS and behind somebody else's. */
export async function targets(test: AfterTest, bounds?: PeerBounds): Promise<Target[]> {
  const given = bounds === undefined ? {} : { bounds };
  const list: Target[] = [];
  for (const tls of [true, false]) {
    const controller = await StartedController.start(test, { ...given, tls });
    list.push({
      name: `the controller ${tls ? 'over TLS' : 'without TLS'}`,
      port: Number(controller.url.port),
      ...(tls ? { ca: controller.ca } : {}),
      upgrades: [control, hop],
      long: '/api/openapi.json',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'postern-listeners-'));
  const authority = createAuthority(folder);
  const files = authority.issue(['localhost']);
  const lab = new RelayLab();
  await lab.start();
  const certificate = {
    cert: await readFile(files.certFile, 'utf8'),
    key: await readFile(files.keyFile, 'utf8'),
  };
  for (const tls of [true, false]) {
    const listener = await listenForNodes({
      address: '127.0.0.1',
      port: 0,
      clock: systemClock,
      ...given,
      ...(tls ? { tls: certificate } : {}),
      host: 'localhost',
      relay: () => lab.relay,
      isReady: () => true,
    });
    test.after(() => listener.close());
    list.push({
      name: `the relay ${tls ? 'over TLS' : 'without TLS'}`,
      port: listener.port,
      ...(tls ? { ca: await readFile(authority.caFile, 'utf8') } : {}),
      upgrades: [hop],
      long: '/livez',
    });
  }
  test.after(async () => {
    await lab.stop();
    await rm(folder, { recursive: true });
  });
  return list;
}

/** One connection, what came over it, and when it was over. */
export class Raw {
  readonly socket: Socket;
  received = '';
  readonly closed: Promise<void>;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    // A peer that is let go may be told so by a reset.
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
    });
    // The other side may have ended its half alone; only a connection that is really gone answers a byte by a reset.
    let probe: NodeJS.Timeout | undefined;
    socket.once('end', () => {
      probe = setInterval(() => this.write('\r\n'), 20);
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        clearInterval(probe);
        this.isClosed = true;
        resolve();
      });
    });
  }

  /** Opens TCP alone, or with the target's TLS. */
  static async open(target: Target, layer: 'tcp' | 'whole' = 'whole'): Promise<Raw> {
    const where = { host: '127.0.0.1', port: target.port, allowHalfOpen: true };
    const isTls = layer === 'whole' && target.ca !== undefined;
    const socket = isTls ? connectTls({ ...where, ca: target.ca, servername: 'localhost' }) : connect(where);
    const raw = new Raw(socket);
    await new Promise((resolve) => {
      socket.once(isTls ? 'secureConnect' : 'connect', resolve).once('close', resolve);
    });
    return raw;
  }

  write(bytes: string | Buffer): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  /** Writes one piece after the other, slowly, until the other side ends it. */
  async drip(pieces: Iterable<string>, everyMs: number): Promise<void> {
    for (const piece of pieces) {
      if (this.isClosed) return;
      this.write(piece);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, everyMs)), this.closed]);
    }
  }

  /** The status of the first answer; undefined when there is none. */
  get status(): number | undefined {
    const found = /^HTTP\/1\.[01] (\d{3})/.exec(this.received);
    return found === null ? undefined : Number(found[1]);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** An ordinary request on a connection of its own; its status. */
export async function ordinary(target: Target, path = '/livez'): Promise<number | undefined> {
  const raw = await Raw.open(target);
  raw.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await raw.closed;
  return raw.status;
}

/** The first bytes of a handshake that does not go on. */
export function partOfClientHello(): Buffer {
  return Buffer.from('1603010200010001fc0303', 'hex');
}
