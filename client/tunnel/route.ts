/**
 * A way from this device to a connector: through a relay, or straight to an address that the connector publishes. What a
 * session runs over at a time is one carrier of one route. Who chooses among them is kept-session.ts and route-choice.ts.
 */
import type { ConnectorId } from '../../protocol/ids.ts';
import type { Carrier } from '../../protocol/link/carrier.ts';

export type Route =
  | { readonly kind: 'relay'; readonly relay: string }
  /** `endpoint` is `host:port`, an IPv6 address in brackets. */
  | { readonly kind: 'direct'; readonly endpoint: string };

/** The ways to the connectors of a network, as of now. */
export interface Routes {
  /**
   * Those worth a try now, the surest first: relays that are attached (the nearest first), then direct ones. A session
   * begins, and continues after a loss, on the first that answers; it moves to a better one later.
   */
  to(connector: ConnectorId): readonly Route[];
  /**
   * A carrier to the connector, which nobody has proven to lead there. Undefined, or rejects, when there is none now; then
   * the next route is tried.
   */
  carrier(connector: ConnectorId, route: Route): Carrier | undefined | Promise<Carrier | undefined>;
}

/** One text for one route, to compare and to show: `relay rly_…` or `direct host:port`. */
export function routeName(route: Route): string {
  return route.kind === 'relay' ? `relay ${route.relay}` : `direct ${route.endpoint}`;
}
