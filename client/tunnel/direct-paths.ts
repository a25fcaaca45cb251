/**
 * What this device knows of the endpoints that connectors publish: which are worth a try now, and of those that are not
 * used, why, in words. Dials them; who uses the carriers, and when a session moves to one, is not its business.
 */
import type { LookupFunction } from 'node:net';
import type { Clock, Random } from '../../protocol/clock.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { parseEndpoint } from '../../protocol/endpoints.ts';
import { Fault, toFault, type CodeName } from '../../protocol/errors.ts';
import type { ConnectorId } from '../../protocol/ids.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';
import { dialTcpCarrier } from '../../protocol/link/tcp-dial.ts';
import { watchedCarrier } from './direct-carrier.ts';

export interface DirectPathsOptions {
  readonly lookup: LookupFunction;
  /** Whether an address may be dialled at all: none that this client itself gives to names. */
  mayDial(this: void, address: string): boolean;
  readonly clock: Clock;
  readonly random: Random;
}

interface Failed {
  readonly why: string;
  /** In a row. */
  readonly failures: number;
  readonly retryAtMs: number;
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
  /** By connector and endpoint; gone once the connector's key has answered there. */
  readonly #failed = new Map<string, Failed>();
  readonly #worked = new Set<string>();

  constructor(options: DirectPathsOptions) {
    this.#options = options;
  }

  /** Those of a connector's endpoints that are worth a try now. */
  worthTrying(connector: ConnectorId, endpoints: readonly string[]): readonly string[] {
    const now = this.#options.clock.nowMs();
    return endpoints.filter(
      (endpoint) => (this.#failed.get(keyOf(connector, endpoint))?.retryAtMs ?? now) <= now,
    );
  }

  /** Connects. Rejects with the Fault of what prevents it; then, and when the carrier fails later, it is put off. */
  async dial(connector: ConnectorId, endpoint: string): Promise<Carrier> {
    const key = keyOf(connector, endpoint);
    const target = parseEndpoint(endpoint);
    if (target === undefined) throw new Fault('protocol');
    const { lookup, mayDial, clock } = this.#options;
    const before = this.#failed.get(key)?.failures ?? 0;
    let carrier: Carrier;
    try {
      carrier = await dialTcpCarrier({ endpoint: target, lookup, mayDial, timeoutMs: connectMs, clock });
    } catch (error) {
      const fault = toFault(error);
      this.#putOff(key, before, words[fault.code] ?? 'unreachable', longestDelayMs);
      throw fault;
    }
    let provenAtMs: number | undefined;
    return watchedCarrier(carrier, {
      proven: () => {
        provenAtMs = clock.nowMs();
        this.#failed.delete(key);
        this.#worked.add(key);
      },
      ended: (fault, by) => {
        // Another way was found, or it is not needed any more.
        if (fault === undefined && by === 'us') return undefined;
        if (provenAtMs === undefined) return this.#putOff(key, before, whyEnded(fault, by), longestDelayMs);
        const isSteady = clock.nowMs() - provenAtMs >= steadyMs;
        return this.#putOff(key, isSteady ? 0 : before, 'broke off', longestBrokenMs);
      },
    });
  }

  /** Why none of the endpoints is used, in words; of several the first's that has failed. */
  whyNot(connector: ConnectorId, endpoints: readonly string[]): string {
    if (endpoints.length === 0) return 'no endpoint published';
    const keys = endpoints.map((endpoint) => keyOf(connector, endpoint));
    const failed = keys.map((key) => this.#failed.get(key)?.why).find((why) => why !== undefined);
    if (failed !== undefined) return failed;
    return keys.some((key) => this.#worked.has(key)) ? 'slower than the relay' : 'not tried yet';
  }

  /** This device may be in another network than before: whatever was put off is worth a try at once. */
  forgive(): void {
    const retryAtMs = this.#options.clock.nowMs();
    for (const [key, failed] of this.#failed) this.#failed.set(key, { ...failed, retryAtMs });
  }

  /** Forgets endpoints that are published no more. */
  follow(snapshot: Pick<DeviceSnapshot, 'networks'> | undefined): void {
    const connectors = Object.values(snapshot?.networks ?? {}).flatMap(({ connectors: list }) => list);
    const published = new Set(
      connectors.flatMap(({ id, direct = [] }) => direct.map((endpoint) => keyOf(id, endpoint))),
    );
    for (const key of this.#failed.keys()) if (!published.has(key)) this.#failed.delete(key);
    for (const key of this.#worked) if (!published.has(key)) this.#worked.delete(key);
  }

  #putOff(key: string, before: number, why: string, longestMs: number): void {
    const { clock, random } = this.#options;
    const ceiling = Math.min(longestMs, firstDelayMs * 2 ** Math.min(before, 10));
    const delayMs = ceiling / 2 + (ceiling / 2) * (random(4).readUInt32BE() / 2 ** 32);
    this.#failed.set(key, { why, failures: before + 1, retryAtMs: clock.nowMs() + delayMs });
  }
}

/** Of a carrier over which the connector's key has not answered. */
function whyEnded(fault: Fault | undefined, by: 'us' | 'them'): string {
  if (by === 'them' && fault?.code !== 'busy') return 'closed without an answer';
  return (fault === undefined ? undefined : words[fault.code]) ?? 'unreachable';
}

function keyOf(connector: string, endpoint: string): string {
  return `${connector} ${endpoint}`;
}
