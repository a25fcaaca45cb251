/**
 * Looks at nodes for their feeds, those that ask at the same time together: a change that touches thousands, or a restart after
 * which all come back, costs as many decisions, but few transactions.
 */
import type { ConnectorId, DeviceId, NodeId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import { connectorViews, type ConnectorView } from '../decisions/connector-view.ts';
import { deviceViews, type DeviceView, type Had } from '../decisions/device-view.ts';
import { Gathered } from '../store/gathered.ts';

/** So many share one transaction, and the loop lets their messages out before the next. */
const together = 128;

/** Looks at several nodes of one organisation; those without a view are absent. */
type Look<N extends NodeId, View> = (
  organisation: OrganisationId,
  nodes: readonly N[],
  had: ReadonlyMap<N, Had>,
) => Promise<ReadonlyMap<N, View>>;

interface Asked<N extends NodeId> {
  readonly node: N;
  readonly had: Had | undefined;
}

export class NodeLooks<N extends NodeId, View> {
  readonly #look: Look<N, View>;
  readonly #gathered = new Map<OrganisationId, Gathered<Asked<N>, View | undefined>>();

  constructor(look: Look<N, View>) {
    this.#look = look;
  }

  /**
   * The view of a node as of now or later; undefined when it has none. Rejects with whatever the look threw.
   * @param had the tokens it was given last, which are left out where they are still those
   */
  look(organisation: OrganisationId, node: N, had?: Had): Promise<View | undefined> {
    let gathered = this.#gathered.get(organisation);
    if (gathered === undefined) {
      gathered = new Gathered({ most: together, answer: (asked) => this.#lookAt(organisation, asked) });
      this.#gathered.set(organisation, gathered);
    }
    return gathered.ask({ node, had });
  }

  async #lookAt(
    organisation: OrganisationId,
    asked: readonly Asked<N>[],
  ): Promise<readonly (View | undefined)[]> {
    const had = new Map<N, Had>();
    // Of two who ask for the same node, each must get what it lacks.
    const first = new Set<N>();
    for (const each of asked) {
      if (each.had !== undefined && !first.has(each.node)) had.set(each.node, each.had);
      else had.delete(each.node);
      first.add(each.node);
    }
    const views = await this.#look(organisation, [...first], had);
    return asked.map(({ node }) => views.get(node));
  }
}

/** What devices and connectors are told, as feeds ask for it. */
export interface Looks {
  readonly devices: NodeLooks<DeviceId, DeviceView>;
  readonly connectors: NodeLooks<ConnectorId, ConnectorView>;
}

export function looksOf(context: ControllerContext): Looks {
  return {
    devices: new NodeLooks((organisation, devices, had) => deviceViews(context, organisation, devices, had)),
    connectors: new NodeLooks((organisation, connectors) =>
      connectorViews(context, organisation, connectors),
    ),
  };
}
