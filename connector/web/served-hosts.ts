/** Which hostnames this connector serves, by the snapshot as it is now, and which resource answers for each. */
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import { isWildcard, parseName, rankOf, type Name, type Pattern } from '../../protocol/names.ts';
import type { ServedHost } from './certificates/certificates.ts';
import type { WebResource } from '../flows/resource-at.ts';
import type { CheckedOrigin, OriginHealth } from './origin-health.ts';
import { hostFor, originsFor } from './origins.ts';
import { hasDoor, resourceAt } from '../flows/resource-at.ts';

export class ServedHosts {
  readonly #snapshot: () => ConnectorSnapshot | undefined;

  constructor(snapshot: () => ConnectorSnapshot | undefined) {
    this.#snapshot = snapshot;
  }

  at(name: Name): WebResource | undefined {
    return resourceAt(this.#snapshot()?.resources, name);
  }

  /** The same for what somebody sent; undefined for what is no name, too. */
  resourceFor(host: string): WebResource | undefined {
    const name = parseName(host);
    return name === undefined ? undefined : this.at(name);
  }

  /** By the resource that answers for a host, or for whatever lies below a wildcard. */
  served(host: string): ServedHost | undefined {
    const name = parseName(host.replace(/^\*\./, '_.'));
    const resource = name === undefined ? undefined : this.at(name);
    if (resource === undefined || name === undefined) return undefined;
    const [pattern] = resource.web.hostnames
      .map((each) => each as Pattern)
      .toSorted((a, b) => rankOf(b, name) - rankOf(a, name));
    return pattern === undefined ? undefined : { pattern, web: resource.web };
  }

  /** Names, and wildcards: names below those come when somebody asks for them. */
  hostnames(): string[] {
    return Object.values(this.#snapshot()?.resources ?? {}).flatMap(({ web }) => web?.hostnames ?? []);
  }

  /**
   * Has the origins of resources with a health check looked after. Of wildcard origins nobody knows an address before somebody asks
   * for one; where only the hostnames are wildcards, an origin that wants to see the public Host is asked with a name below one.
   */
  checkOrigins(health: OriginHealth): void {
    const resources = Object.values(this.#snapshot()?.resources ?? {}).filter(hasDoor);
    health.follow(resources.flatMap(checkedOrigins));
  }
}

function checkedOrigins(resource: WebResource): CheckedOrigin[] {
  const { health, hostnames, host, origins } = resource.web;
  if (health === undefined || origins.some((origin) => origin.includes('*'))) return [];
  const exact = hostnames.find((pattern) => !isWildcard(pattern as Pattern));
  const name = parseName(exact ?? hostnames[0]?.replace('*', 'health-check') ?? '');
  if (name === undefined) return [];
  return originsFor(resource, name).map((chosen) => ({
    resource,
    health,
    chosen,
    host: hostFor(host, chosen, name),
  }));
}
