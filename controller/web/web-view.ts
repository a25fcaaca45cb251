/** What a connector is told for its web door besides its resources: where sign-in begins, passes, the keys of assertions. */
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { AssertionJwk } from '../../protocol/web-resource.ts';
import type { ControllerContext } from '../context.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { passesInForce } from './passes.ts';

export interface WebView {
  readonly snapshot: Required<Pick<ConnectorSnapshot, 'web' | 'passes'>>;
  /** Epoch ms at which time alone may change it. */
  readonly nextMs: number;
}

/** What is the same for all connectors of each of these networks. */
export async function webViews(
  { organisations, webPort, now }: ControllerContext,
  tx: ScopedStore,
  state: OrganisationState,
  networks: readonly NetworkId[],
): Promise<Map<NetworkId, WebView>> {
  const web = { url: new URL('/web/start', organisations.addressOf(tx.organisation)).href, port: webPort };
  const inForce = await passesInForce(tx, state, networks, now());
  return new Map(
    Array.from(inForce, ([network, { passes, nextMs }]) => [network, { snapshot: { web, passes }, nextMs }]),
  );
}

/** The keys that a connector published, as its row has them; null: none. */
export function assertionKeysOf(stored: string | null): AssertionJwk[] {
  return stored === null ? [] : (JSON.parse(stored) as AssertionJwk[]);
}

/** The public hostnames of a network, as the tickets of its connectors name them. */
export function hostnamesOfNetwork({ resources }: OrganisationState, network: NetworkId): string[] {
  return resources
    .filter((resource) => resource.network.id === network)
    .flatMap(({ definition }) => webHostnames(definition))
    .toSorted();
}
