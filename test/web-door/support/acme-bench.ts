/**
 * Certificates of one connector from a real pebble by DNS-01, with a name server, a hook program and a clock that tests hold.
 * No relay: who reaches the connector is not asked. Whoever opens one closes it.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { systemRandom } from '../../../protocol/clock.ts';
import { openStateDirectory } from '../../../protocol/node/state-directory.ts';
import type { HostCertificate } from '../../../protocol/web-messages.ts';
import type { AcmeSettings } from '../../../connector/web/certificates/acme-account.ts';
import { AcmeCertificates } from '../../../connector/web/certificates/acme-certificates.ts';
import type { Peers } from '../../../connector/web/certificates/ask-peers.ts';
import { createAuthority, type Authority } from '../../support/authority.ts';
import { Pebble, type PebbleOptions } from '../../support/acme/pebble.ts';
import { startTxtServer, type TxtServer } from '../../support/acme/txt-server.ts';
import { eventually } from '../../support/eventually.ts';
import { settle } from '../../support/settle.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const patienceMs = 8_000;

export const alone: Peers = {
  isAttached: () => true,
  ask: (names) => Promise.resolve(new Map(names.map((name) => [name, []]))),
};

export class AcmeBench {
  readonly folder: string;
  readonly clock = new VirtualClock();
  readonly authority: Authority;
  readonly pebble: Pebble;
  readonly hook: string;
  /** Epoch milliseconds; moves with the clock. */
  readonly nowMs: () => number;
  readonly #dns: TxtServer;
  readonly #opened: AcmeCertificates[] = [];
  #wake: () => void = () => undefined;

  private constructor(folder: string, authority: Authority, pebble: Pebble, dns: TxtServer, hook: string) {
    this.folder = folder;
    this.authority = authority;
    this.pebble = pebble;
    this.#dns = dns;
    this.hook = hook;
    const startMs = Date.now();
    this.nowMs = () => startMs + this.clock.nowMs();
  }

  static async open(
    options: Pick<PebbleOptions, 'bindings' | 'validityS'> & { readonly tlsPort?: number } = {},
  ): Promise<AcmeBench> {
    const folder = await mkdtemp(join(tmpdir(), 'postern-acme-'));
    const authority = createAuthority(folder);
    const records = join(folder, 'records');
    const dns = await startTxtServer(records);
    const { tlsPort = 1, ...more } = options;
    const pebble = await Pebble.start({ dir: folder, authority, dns: dns.address, tlsPort, ...more });
    const hook = join(folder, 'hook');
    writeFileSync(hook, hookScript(records, join(folder, 'hook.log')));
    chmodSync(hook, 0o755);
    return new AcmeBench(folder, authority, pebble, dns, hook);
  }

  get settings(): AcmeSettings {
    return {
      directory: this.pebble.directory,
      ca: readFileSync(this.authority.caFile, 'utf8'),
      contact: 'operator@acme.example',
      dnsHook: this.hook,
    };
  }

  /** Each run of the hook, as `ACTION NAME`. */
  get hooked(): string[] {
    const log = join(this.folder, 'hook.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  /** The connector `name`, whose state outlives the object. */
  certificates({
    name = 'connector',
    settings = this.settings,
    peers = alone,
    goesBefore = () => true,
    publish = () => Promise.resolve(),
  }: {
    name?: string;
    settings?: AcmeSettings;
    peers?: Peers;
    goesBefore?: () => boolean;
    publish?: (host: string, digest: string) => Promise<void>;
  } = {}): AcmeCertificates {
    const certificates = new AcmeCertificates({
      settings,
      state: openStateDirectory(this.state(name)),
      challenges: { publish },
      peers,
      goesBefore,
      clock: this.clock,
      nowMs: this.nowMs,
      random: systemRandom,
      changed: () => this.#wake(),
      log: pino({ level: process.env['POSTERN_TEST_LOG'] ?? 'silent' }),
    });
    this.#opened.push(certificates);
    return certificates;
  }

  state(name = 'connector'): string {
    return join(this.folder, name);
  }

  /** The report on `host` once it is as wanted. */
  async reported(
    certificates: AcmeCertificates,
    host: string,
    wanted: (report: HostCertificate) => boolean,
  ): Promise<HostCertificate> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = certificates.report().find((report) => report.host === host);
      if (found !== undefined && wanted(found)) return found;
      if (performance.now() > deadline) throw new Error(`${host} is still ${JSON.stringify(found)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Lets time pass; the last hour of it, or all, in steps after each of which whatever fell due has begun. */
  async pass(ms: number, steps = 4): Promise<void> {
    // Whoever waits for time has to say so first.
    await eventually('their timers', () => this.clock.pending >= this.#opened.length || undefined, {
      everyMs: 5,
    });
    const last = Math.min(ms, 3_600_000);
    this.clock.advance(ms - last);
    await settle();
    for (let step = 0; step < steps; step++) {
      this.clock.advance(last / steps);
      await settle();
    }
  }

  async close(): Promise<void> {
    for (const certificates of this.#opened) certificates.close();
    await this.pebble.stop();
    this.#dns.close();
    await rm(this.folder, { recursive: true });
  }
}

/** Keeps its records as the name server reads them. */
function hookScript(records: string, log: string): string {
  return `#!/bin/sh
set -eu
echo "$1 $2" >> ${log}
case $1 in
  present) echo "$2 $3" >> ${records} ;;
  cleanup) grep -vF "$2 $3" ${records} > ${records}.$$ || true; mv ${records}.$$ ${records} ;;
esac
`;
}
