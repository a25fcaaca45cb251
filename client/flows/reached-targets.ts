/**
 * What came of this device's own last flow to each port of a resource: answered, or why not. For `postern resources`; kept in
 * memory since the client started. It asks nobody, and knows nothing of what other devices found.
 */
import type { ResourceId } from '../../protocol/ids.ts';
import { isWildcard } from '../../protocol/names.ts';
import { HealthCode } from '../../protocol/resource-health.ts';
import type { VisibleResource } from '../standing.ts';

/** Ports of one resource that are remembered; the one tried longest ago gives way. */
const mostPorts = 16;
/** The same for resources. */
const mostResources = 2_000;

/** One port as the last flow to it found it; without a code it answered. */
export interface ReachedPort {
  readonly port: number;
  readonly code?: HealthCode;
  readonly atMs: number;
}

const codes: ReadonlySet<string> = new Set(HealthCode.enum);

export class ReachedTargets {
  readonly #now: () => number;
  readonly #resources = new Map<ResourceId, Map<number, ReachedPort>>();

  /** @param now epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param code of the refusal; what says nothing of the target is ignored. Undefined: it answered. */
  note({ id, hosts }: Pick<VisibleResource, 'id' | 'hosts'>, port: number, code?: string): void {
    if (code !== undefined && !codes.has(code)) return;
    // One name below a wildcard that leads nowhere says nothing of the others.
    if (code !== undefined && hosts.some(isWildcard)) return;
    const ports = this.#resources.get(id) ?? new Map<number, ReachedPort>();
    keepNewest(this.#resources, id, ports, mostResources);
    const found = {
      port,
      atMs: this.#now(),
      ...(code === undefined ? {} : { code: code as HealthCode }),
    };
    keepNewest(ports, port, found, mostPorts);
  }

  /** Of one resource, by port. */
  of(resource: ResourceId): ReachedPort[] {
    return [...(this.#resources.get(resource)?.values() ?? [])].toSorted((a, b) => a.port - b.port);
  }
}

/** A map keeps the order in which its keys came. */
function keepNewest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
