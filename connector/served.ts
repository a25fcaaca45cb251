/**
 * What a connector serves of what its controller says, where whoever runs it has narrowed that: the rest of a snapshot, and
 * with it other connectors to share keys with, is left out as if it had not been said.
 */
import type { ConnectorResource, ConnectorSnapshot } from '../protocol/snapshot.ts';

export type Serves = (resource: ConnectorResource) => boolean;

type Snapshot = ConnectorSnapshot | undefined;

/** The part of each snapshot that is served, worked out once; the snapshot itself without `serves`. */
export function servedPart(serves: Serves | undefined): (snapshot: Snapshot) => Snapshot {
  if (serves === undefined) return (snapshot) => snapshot;
  const kept = new WeakMap<ConnectorSnapshot, ConnectorSnapshot>();
  return (snapshot) => {
    if (snapshot === undefined) return undefined;
    let part = kept.get(snapshot);
    if (part === undefined) {
      const resources = Object.fromEntries(
        Object.entries(snapshot.resources).filter(([, resource]) => serves(resource)),
      );
      part = { ...snapshot, resources, peers: {} };
      kept.set(snapshot, part);
    }
    return part;
  };
}
