/**
 * What the grants of a session permit now: the checks of WIRE A9 up to resolution. Asked for every stream, and again for open
 * flows whenever a right may have ended. It opens, records and remembers nothing.
 */
import { serviceOwner } from '../../protocol/dns-records.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { ResourceId } from '../../protocol/ids.ts';
import type { Lease } from '../../protocol/lease.ts';
import { matchesPattern, type Name, type Pattern } from '../../protocol/names.ts';
import { listsPort } from '../../protocol/ports.ts';
import type { ConnectorResource, ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { Grant } from '../../protocol/tokens.ts';
import { resourceAt } from './resource-at.ts';
import type { GrantBook } from './grant-book.ts';
import type { OpenRequest } from './open-request.ts';

/** What may be used, and the grant that covers it. */
export interface Permitted {
  readonly resource: ConnectorResource;
  readonly grant: Grant;
}

/** The checks of WIRE A9 up to resolution, in their order: what may be used, or the code of the first that fails. */
export function permit(
  { resource: id, host, port, kind, records, isDoor }: OpenRequest,
  snapshot: ConnectorSnapshot | undefined,
  grants: GrantBook,
  lease: Lease,
): Permitted | CodeName {
  const resource = snapshot?.resources[id];
  if (resource === undefined) return lease.isRevoked(id) ? 'revoked' : 'denied';
  const transport = kind === 'web' ? 'tcp' : kind;
  const grant = transport === 'dns' ? grants.coverAny(id) : grants.cover(id, transport, port);
  if (grant === 'denied') return 'denied';
  if (kind === 'web') {
    const { resources, web } = snapshot ?? {};
    if (port !== web?.port) return 'port-not-listed';
    // The hostname's own resource alone: an exact one counts before the wildcard of another.
    if (resourceAt(resources, host)?.id !== id) return 'denied';
  } else if (!isDoor) {
    if (kind !== 'dns' && !listsPort(resource.ports, kind, port)) return 'port-not-listed';
    if (records !== undefined && resource.dns?.includes(records) !== true) return 'port-not-listed';
    // A service has no resource of its own: it belongs to the name that it is of.
    const names = records === undefined ? [host] : [host, serviceOwner(host)];
    if (!names.some((name) => isNameOf(resource, name))) return 'denied';
  }
  return typeof grant === 'string' ? grant : { resource, grant };
}

/** Whether one of the grants covers a resource of this name. */
export function coversName(name: Name, snapshot: ConnectorSnapshot | undefined, grants: GrantBook): boolean {
  return Object.values(snapshot?.resources ?? {}).some(
    (resource) => isNameOf(resource, name) && typeof grants.coverAny(resource.id as ResourceId) !== 'string',
  );
}

function isNameOf({ hosts }: ConnectorResource, name: Name): boolean {
  return hosts.some((pattern) => matchesPattern(pattern as Pattern, name));
}
