/**
 * What is exposed now, as decisions and snapshots see it: a resource with a web door and a network of its own, whose one
 * connector is the process of whoever exposes it. So no connector ever hears of what another one serves.
 */
import type { ConnectorId, DeviceId, Id, NetworkId, ResourceId } from '../../protocol/ids.ts';
import type { Name } from '../../protocol/names.ts';
import type { WhoDocument } from '../../protocol/policy-document.ts';
import type { ExposedTo } from '../../policy/exposed.ts';
import type { Network, Resource } from '../organisation/organisation-state.ts';
import type { ExposuresTable } from '../store/tables/web-door.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** What its network is called to nodes. */
const networkName = 'exposed';
/** What its row in the store is called: with a space, as no network of a document can be. */
const rowPrefix = 'exposed ';
/** Policies of the document may be about all that is exposed. */
export const exposedTag = 'exposed';

export interface Exposure {
  readonly id: ResourceId;
  readonly network: NetworkId;
  /** Undefined until it has joined. */
  readonly connector: ConnectorId | undefined;
  readonly person: Id<'usr'>;
  readonly device: DeviceId;
  readonly hostname: Name;
  /** Of loopback, at its connector. */
  readonly port: number;
  /** Who may open it besides the person; undefined: nobody. */
  readonly allow: WhoDocument | undefined;
  /** The Host it is sent, as `host` of a web door; undefined: the public one. */
  readonly host: string | undefined;
  readonly createdMs: number;
  readonly untilMs: number;
}

/** Those that have not been ended, the oldest first. */
export async function readExposures(store: ScopedStore): Promise<Exposure[]> {
  const rows = await store
    .select('exposures')
    .selectAll()
    .where('ended_ms', 'is', null)
    .orderBy('created_ms')
    .orderBy('id')
    .execute();
  return rows.map(exposureOf);
}

/** A row of the store. */
export function exposureOf(row: Omit<ExposuresTable, 'organisation'>): Exposure {
  const { id, network, connector, person, device, hostname, port, allow, host } = row;
  return {
    id,
    network,
    connector: connector ?? undefined,
    person,
    device,
    hostname,
    port,
    allow: allow === null ? undefined : (JSON.parse(allow) as WhoDocument),
    host: host ?? undefined,
    createdMs: row.created_ms,
    untilMs: row.until_ms,
  };
}

/** The row that its connector belongs to. */
export function networkRow({ network, hostname }: Pick<Exposure, 'network' | 'hostname'>): Network {
  return { id: network, name: `${rowPrefix}${hostname}` };
}

/** Whether a row of networks is one of those, and no document’s. */
export function isExposureNetwork({ name }: Pick<Network, 'name'>): boolean {
  return name.startsWith(rowPrefix);
}

export function networkOfExposure({ network }: Exposure): Network {
  return { id: network, name: networkName };
}

/** It has no names but its public hostname, so nothing but the web door leads there, and nothing outlives contact. */
export function exposedResource(exposure: Exposure): Resource {
  const { id, hostname, port, host } = exposure;
  const network = networkOfExposure(exposure);
  return {
    id,
    network,
    definition: {
      name: hostname,
      network: network.name,
      address: '127.0.0.1',
      ports: [`tcp/${port}`],
      tags: [exposedTag],
      outage: '0s',
      web: { hostname, origin: `http://localhost:${port}`, ...(host === undefined ? {} : { host }) },
    },
  };
}

export function exposedTo({ hostname, person, allow, untilMs }: Exposure): ExposedTo {
  return { resource: hostname, person, allow, untilMs };
}
