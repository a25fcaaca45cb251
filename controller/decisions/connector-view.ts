/**
 * Everything a connector is told: what it serves, which relays it attaches to, its peers, and its ticket. Decided for several in
 * one transaction, since after a restart all of them ask at once.
 */
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { ConnectorId, OrganisationId } from '../../protocol/ids.ts';
import type { ControllerContext } from '../context.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';
import { inChunks } from '../store/in-chunks.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import { assertionKeysOf } from '../web/web-view.ts';
import { connectorSites, type ConnectorSite } from './connector-sites.ts';
import { directEndpoints } from './direct-endpoints.ts';
import { issuedTo, storeIssued, ticketFor, type IssuedToken, type Tokens } from './issued-tokens.ts';
import { longestLifeMs } from './revocations.ts';
import { signedTicket } from './sign-issued.ts';

export interface ConnectorView {
  readonly snapshot: ConnectorSnapshot;
  readonly tickets: readonly string[];
  /** Epoch ms at which the ticket is due for renewal. */
  readonly nextMs: number;
}

/** The views of several connectors, in one transaction. Those that were removed are absent. */
export async function connectorViews(
  context: ControllerContext,
  organisation: OrganisationId,
  connectors: readonly ConnectorId[],
): Promise<Map<ConnectorId, ConnectorView>> {
  const looked = await look(context, organisation, connectors);
  const views = await Promise.all(
    looked.map(async ({ connector, mk, snapshot, ticket, nextMs }) => {
      const text = await signedTicket(context, organisation, ticket, { mk, role: 'connector' });
      return [connector, { snapshot, tickets: [text], nextMs }] as const;
    }),
  );
  return new Map(views);
}

/** What is decided of a connector, before its ticket is signed. */
interface Looked {
  readonly connector: ConnectorId;
  readonly mk: string;
  readonly snapshot: ConnectorSnapshot;
  readonly ticket: IssuedToken;
  readonly nextMs: number;
}

const ownColumns = [
  'id',
  'network',
  'mk',
  'direct',
  'drained_ms',
  'assertion_keys',
] as const satisfies readonly (keyof NodesTable)[];

type Own = Pick<NodesTable, (typeof ownColumns)[number]>;

async function look(
  context: ControllerContext,
  organisation: OrganisationId,
  connectors: readonly ConnectorId[],
): Promise<Looked[]> {
  const { store, reader } = context.organisation(organisation);
  return store.transaction(async (tx) => {
    const state = await reader.current(tx);
    const rows = await inChunks(connectors, (some) =>
      tx.select('nodes').select(ownColumns).where('id', 'in', some).execute(),
    );
    const networks = new Set(rows.flatMap(({ network }) => network ?? []));
    const sites = await connectorSites(context, tx, state, networks);
    const nowMs = context.now();
    const issued = await issuedTo(tx, connectors, nowMs);
    const fresh: IssuedToken[] = [];
    const looked: Looked[] = [];
    for (const own of rows) {
      const site = own.network === null ? undefined : sites.get(own.network);
      if (site === undefined) continue;
      const tokens = { issued: issued.get(own.id as ConnectorId) ?? [], fresh };
      looked.push(lookAt(context, organisation, { own, site, state, nowMs }, tokens));
    }
    await storeIssued(tx, fresh, nowMs);
    return looked;
  });
}

interface About {
  readonly own: Own;
  readonly site: ConnectorSite;
  readonly state: OrganisationState;
  readonly nowMs: number;
}

function lookAt(
  context: ControllerContext,
  organisation: OrganisationId,
  { own, site, state, nowMs }: About,
  tokens: Tokens,
): Looked {
  const { network, resources, relays, hosts, out, web } = site;
  const connector = own.id as ConnectorId;
  const peers = site.connectors.filter(({ entry }) => entry.id !== connector);
  const due = {
    node: connector,
    session: null,
    meet: [network.id],
    ...(hosts.length === 0 ? {} : { hosts }),
    out,
    untilMs: nowMs + longestLifeMs,
  };
  const snapshot: ConnectorSnapshot = {
    kind: 'connector',
    network: { id: network.id, name: network.name },
    relays,
    peers: Object.fromEntries(peers.map(({ entry }) => [entry.id, entry])),
    resources,
    direct: directEndpoints(own, state),
    flows: context.organisations.get(organisation)?.limits.flows ?? null,
    drained: own.drained_ms !== null,
    ...web.snapshot,
    jwks: [...assertionKeysOf(own.assertion_keys), ...peers.flatMap(({ jwks }) => jwks)],
  };
  return {
    connector,
    mk: own.mk,
    snapshot,
    ticket: ticketFor(context, organisation, due, tokens),
    nextMs: Math.min(nowMs + longestLifeMs * 0.55, web.nextMs),
  };
}
