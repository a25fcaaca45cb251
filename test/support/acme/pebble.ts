/**
 * Debian's pebble: a real ACME CA that forgets everything when it ends. Listens on loopback unless said, asks the name server
 * it is given, and validates TLS-ALPN-01 at the port it is given. Whoever starts one stops it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { findProgram } from '../../../scripts/programs.ts';
import type { Authority } from '../authority.ts';
import { eventually } from '../eventually.ts';

export interface PebbleOptions {
  /** Where it writes; exists. */
  readonly dir: string;
  /** Certifies its own HTTPS server. */
  readonly authority: Authority;
  /** `address:port` of a name server. */
  readonly dns: string;
  /** Of the web door. */
  readonly tlsPort: number;
  /** It gives accounts to these alone: key id to key. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Of a certificate. */
  readonly validityS?: number;
}

/** What pebble is started with; no sleeping, no refusals at random, every name validated anew. */
export const pebbleEnvironment = {
  PEBBLE_VA_NOSLEEP: '1',
  PEBBLE_WFE_NONCEREJECT: '0',
  PEBBLE_AUTHZREUSE: '0',
} as const;

/** Its configuration file, whose path is returned. */
export function pebbleConfiguration(
  options: Omit<PebbleOptions, 'dns'> & {
    readonly host: string;
    readonly listen: string;
    readonly port: number;
  },
): string {
  const { dir, authority, host, listen, port, tlsPort, bindings, validityS } = options;
  const { certFile, keyFile } = authority.issue([host]);
  const file = join(dir, `pebble-${port}.json`);
  const pebble = {
    listenAddress: `${listen}:${port}`,
    managementListenAddress: '',
    certificate: certFile,
    privateKey: keyFile,
    httpPort: 1,
    tlsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: bindings !== undefined,
    ...(bindings === undefined ? {} : { externalAccountMACKeys: bindings }),
    ...(validityS === undefined ? {} : { certificateValidityPeriod: validityS }),
  };
  writeFileSync(file, JSON.stringify({ pebble }));
  return file;
}

export class Pebble {
  readonly directory: URL;
  readonly #options: PebbleOptions;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(options: PebbleOptions, port: number) {
    this.#options = options;
    this.#port = port;
    this.directory = new URL(`https://localhost:${port}/dir`);
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    probe.close();
    if (address === null || typeof address === 'string') throw new Error('no port was given');
    const pebble = new Pebble(options, address.port);
    await pebble.start();
    return pebble;
  }

  /** Everything it said so far. */
  get output(): string {
    return this.#output;
  }

  /** Orders that it has finished. */
  get issued(): number {
    return [...this.#output.matchAll(/Issued certificate serial/g)].length;
  }

  /** Again, after a stop: with new keys, and without any account. */
  async start(): Promise<void> {
    const { dns } = this.#options;
    const config = pebbleConfiguration({
      ...this.#options,
      host: 'localhost',
      listen: '127.0.0.1',
      port: this.#port,
    });
    const child = spawn(findProgram('pebble'), ['-config', config, '-dnsserver', dns, '-strict'], {
      env: { ...process.env, ...pebbleEnvironment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const hear = (chunk: Buffer): void => {
      this.#output += chunk.toString();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    // What it prints comes before it listens.
    await eventually('pebble listening', async () => {
      if (child.exitCode !== null) throw new Error(`pebble ended: ${this.#output}`);
      const socket = connect(this.#port, '127.0.0.1');
      const isOpen = await once(socket, 'connect').then(
        () => true,
        () => undefined,
      );
      socket.destroy();
      return isOpen;
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
