/** What a connector is told for its web door besides its resources: where sign-in begins, passes, the keys of assertions. */
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { NetworkId } from '../../protocol/ids.ts';
import type { AssertionJwk } from '../../protocol/web-resource.ts';
import type { ControllerContext } from '../context.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { webHostnames } from '../organisation/resource-web.ts';
import type { ServerRow } from '../store/tables/nodes.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import { passesInForce } from './passes.ts';

export interface WebView {
  readonly snapshot: Required<Pick<ConnectorSnapshot, 'web' | 'passes' | 'jwks'>>;
  /** Epoch ms at which time alone may change it. */
  readonly nextMs: number;
}

/** @param connectors those of the network, this one among them */
export async function webView(
  { organisations, webPort, now }: ControllerContext,
  tx: ScopedStore,
  state: OrganisationState,
  network: NetworkId,
  connectors: readonly Pick<ServerRow, 'assertion_keys'>[],
): Promise<WebView> {
  const { passes, nextMs } = await passesInForce(tx, state, network, now());
  return {
    snapshot: {
      web: { url: new URL('/web/start', organisations.addressOf(tx.organisation)).href, port: webPort },
      passes,
      jwks: connectors.flatMap(({ assertion_keys: keys }) =>
        keys === null ? [] : (JSON.parse(keys) as AssertionJwk[]),
      ),
    },
    nextMs,
  };
}

/** The public hostnames of a network, as the tickets of its connectors name them. */
export function hostnamesOfNetwork({ resources }: OrganisationState, network: NetworkId): string[] {
  return resources
    .filter((resource) => resource.network.id === network)
    .flatMap(({ definition }) => webHostnames(definition))
    .toSorted();
}
