/** The path of a network's session as `status` and `ping` show it. */
import type { PathShown } from '../status.ts';
import type { NetworkPath } from './tunnels.ts';

/** @param relayName the host of a relay's URL, by its id */
export function pathView(
  network: Pick<NetworkPath, 'route' | 'notDirect'> | undefined,
  relayName: (relay: string) => string,
): { readonly path?: PathShown; readonly not_direct?: string } {
  if (network?.route === undefined) return {};
  const { route, notDirect } = network;
  const path: PathShown =
    route.kind === 'direct'
      ? { kind: 'direct', endpoint: route.endpoint }
      : { kind: 'relay', relay: route.relay, name: relayName(route.relay) };
  return { path, ...(notDirect === undefined ? {} : { not_direct: notDirect }) };
}
