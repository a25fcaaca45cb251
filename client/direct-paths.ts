/**
 * What this device knows of the endpoints that connectors publish: which are worth a try now, and of those that are not
 * used, why, in words. Dials them; who uses the carriers, and when a session moves to one, is not its business.
 */
import type { LookupFunction } from 'node:net';
import type { Clock, Random } from '../protocol/clock.ts';
import type { DeviceSnapshot } from '../protocol/control.ts';
import { parseEndpoint } from '../protocol/endpoints.ts';
import { Fault, toFault, type CodeName } from '../protocol/errors.ts';
import type { ConnectorId } from '../protocol/ids.ts';
import type { Carrier } from '../protocol/link/carrier.ts';
import { dialTcpCarrier } from '../protocol/link/tcp-dial.ts';
import { watchedCarrier } from './direct-carrier.ts';

export interface DirectPathsOptions {
  readonly lookup: LookupFunction;
  /** Whether an address may be dialled at all: none that this client itself gives to names. */
  mayDial(this: void, address: string): boolean;
  /** An endpoint that was put off is worth a try again. */
  retry(): void;
  readonly clock: Clock;
  readonly random: Random;
}

type Known =
  | { readonly state: 'trying'; readonly before: Failed | undefined }
  | { readonly state: 'proven'; readonly sinceMs: number; readonly before: Failed | undefined }
  /** It worked, and was not needed any more. */
  | { readonly state: 'idle' }
  | Failed;

interface Failed {
  readonly state: 'failed';
  readonly why: string;
  /** In a row. */
  readonly failures: number;
  readonly retryAtMs: number;
  readonly cancelRetry: () => void;
}

const connectMs = 5_000;
const firstDelayMs = 5_000;
/** Of an endpoint that does not answer: one connection a minute costs nobody anything. */
const longestDelayMs = 60_000;
/** Of one that answers and then breaks: each time whatever runs over it stalls until that is noticed. */
const longestBrokenMs = 600_000;
/** A path that lasted so long was a good one, whatever ended it. */
const steadyMs = 60_000;

const words: Partial<Record<CodeName, string>> = {
  refused: 'refused',
  timeout: 'timed out',
  protocol: 'another key answered',
  busy: 'busy',
  'no-name': 'its name is not known here',
  'address-forbidden': 'its name leads to an address that is not dialled',
};

export class DirectPaths {
  readonly #options: DirectPathsOptions;
  readonly #known = new Map<string, Known>();
  #isStopped = false;

  constructor(options: DirectPathsOptions) {
    this.#options = options;
  }

  /** Those of a connector's endpoints that are worth a try now. */
  worthTrying(connector: ConnectorId, endpoints: readonly string[]): readonly string[] {
    const now = this.#options.clock.nowMs();
    return endpoints.filter((endpoint) => {
      const known = this.#known.get(keyOf(connector, endpoint));
      return known?.state !== 'trying' && (known?.state !== 'failed' || known.retryAtMs <= now);
    });
  }

  /** Connects. Rejects with the Fault of what prevents it; then, and when the carrier fails later, it is put off. */
  async dial(connector: ConnectorId, endpoint: string): Promise<Carrier> {
    const key = keyOf(connector, endpoint);
    const target = parseEndpoint(endpoint);
    if (target === undefined) throw new Fault('protocol');
    const { lookup, mayDial, clock } = this.#options;
    const last = this.#known.get(key);
    const before = last === undefined || last.state === 'idle' ? undefined : failureIn(last);
    this.#known.set(key, { state: 'trying', before });
    try {
      const carrier = await dialTcpCarrier({
        endpoint: target,
        lookup,
        mayDial,
        timeoutMs: connectMs,
        clock,
      });
      return watchedCarrier(carrier, {
        proven: () => this.#known.set(key, { state: 'proven', sinceMs: clock.nowMs(), before }),
        ended: (fault, by) => this.#ended(key, fault, by),
      });
    } catch (error) {
      const fault = toFault(error);
      this.#failed(key, before, words[fault.code] ?? 'unreachable', longestDelayMs);
      throw fault;
    }
  }

  /** Why none of the endpoints is used, in words; of several the first's. */
  whyNot(connector: ConnectorId, endpoints: readonly string[]): string {
    const [first] = endpoints;
    if (first === undefined) return 'no endpoint published';
    for (const endpoint of endpoints) {
      const known = this.#known.get(keyOf(connector, endpoint));
      const failed = known === undefined || known.state === 'idle' ? undefined : failureIn(known);
      if (failed !== undefined) return failed.why;
    }
    return 'not tried yet';
  }

  /** This device may be in another network than before: whatever was put off is worth a try at once. */
  forgive(): void {
    for (const [key, known] of this.#known) {
      if (known.state !== 'failed') continue;
      known.cancelRetry();
      this.#known.set(key, { ...known, retryAtMs: this.#options.clock.nowMs() });
    }
  }

  /** Forgets endpoints that are published no more. */
  follow(snapshot: Pick<DeviceSnapshot, 'networks'> | undefined): void {
    const connectors = Object.values(snapshot?.networks ?? {}).flatMap(({ connectors: list }) => list);
    const published = new Set(
      connectors.flatMap(({ id, direct = [] }) => direct.map((endpoint) => keyOf(id, endpoint))),
    );
    for (const [key, known] of this.#known) {
      if (published.has(key) || known.state === 'trying' || known.state === 'proven') continue;
      if (known.state === 'failed') known.cancelRetry();
      this.#known.delete(key);
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const known of this.#known.values()) if (known.state === 'failed') known.cancelRetry();
    this.#known.clear();
  }

  #ended(key: string, fault: Fault | undefined, by: 'us' | 'them'): void {
    const known = this.#known.get(key);
    if (known === undefined || this.#isStopped) return;
    if (known.state === 'proven') {
      if (fault === undefined && by === 'us') return void this.#known.set(key, { state: 'idle' });
      const lived = this.#options.clock.nowMs() - known.sinceMs;
      return this.#failed(key, lived < steadyMs ? known.before : undefined, 'broke off', longestBrokenMs);
    }
    if (known.state !== 'trying') return undefined;
    if (fault === undefined && by === 'us') {
      // Another way was found meanwhile.
      this.#known.delete(key);
      return undefined;
    }
    const why = by === 'them' && fault?.code !== 'busy' ? 'closed without an answer' : wordsOf(fault);
    return this.#failed(key, known.before, why, longestDelayMs);
  }

  #failed(key: string, before: Failed | undefined, why: string, longestMs: number): void {
    if (this.#isStopped) return;
    const { clock, random } = this.#options;
    const failures = (before?.failures ?? 0) + 1;
    const ceiling = Math.min(longestMs, firstDelayMs * 2 ** Math.min(failures - 1, 10));
    const delayMs = ceiling / 2 + (ceiling / 2) * (random(4).readUInt32BE() / 2 ** 32);
    this.#known.set(key, {
      state: 'failed',
      why,
      failures,
      retryAtMs: clock.nowMs() + delayMs,
      cancelRetry: clock.after(delayMs, () => this.#options.retry()),
    });
  }
}

function failureIn(known: Exclude<Known, { state: 'idle' }>): Failed | undefined {
  return known.state === 'failed' ? known : known.before;
}

function wordsOf(fault: Fault | undefined): string {
  return (fault === undefined ? undefined : words[fault.code]) ?? 'broke off';
}

function keyOf(connector: string, endpoint: string): string {
  return `${connector} ${endpoint}`;
}
