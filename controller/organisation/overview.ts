/** The counts and warnings that administrators see first, from the document, the store and who is connected. */
import type { Overview } from '../../protocol/overview.ts';
import { isMet, reasonTexts, type ReasonName } from '../../protocol/reasons.ts';
import type { Certificates } from '../../protocol/web-messages.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import { knownDevices, standingBy } from '../posture/dry-run.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { NodesTable } from '../store/tables/nodes.ts';
import { withoutExposures, type OrganisationState } from './organisation-state.ts';
import { failing, pendingRequests, tokensEnding, waitingProposals } from './overview-trouble.ts';

const dayMs = 86_400_000;
/** What ends within this is told. */
const soonMs = 14 * dayMs;
/** So many refusals are looked at. */
const maxRefusals = 5_000;
const mostNamed = 5;

/** @param withApiTokens whether the names of API tokens are told too */
export async function overviewOf(
  context: ControllerContext,
  organisation: Organisation,
  withApiTokens: boolean,
): Promise<Overview> {
  const { store, reader } = organisation;
  const state = withoutExposures(await reader.current());
  const { document, networks } = state;
  const known = new Set<string | null>(networks.map(({ id }) => id));
  const nowMs = context.now();
  const nodes = await store
    .select('nodes')
    .select(['id', 'kind', 'name', 'network', 'state', 'approval', 'certificates'])
    .execute();
  const isOnline = ({ id }: Pick<NodesTable, 'id'>): boolean => context.presence.isOnline(id);
  const connectors = nodes.filter(({ kind, network }) => kind === 'connector' && known.has(network));
  const relays = nodes.filter(({ kind }) => kind === 'relay');
  const devices = nodes.filter(({ kind }) => kind === 'device');
  const of = (network: string) => connectors.filter((each) => each.network === network);
  return {
    counts: {
      identityProviders: document.identityProviders?.length ?? 0,
      networks: networks.length,
      connectors: connectors.length,
      connectorsOnline: connectors.filter(isOnline).length,
      relays: relays.length,
      relaysOnline: relays.filter(isOnline).length,
      resources: state.resources.length,
      policies: document.policies?.length ?? 0,
      people: await count(store, 'people'),
      devices: devices.length,
      devicesOnline: devices.filter(isOnline).length,
      devicesHeld: devices.filter((each) => each.approval === 'held' && each.state === 'active').length,
      devicesSuspended: devices.filter((each) => each.state === 'suspended').length,
      devicesFailing: await devicesFailing(organisation, state, nowMs),
      sessions: await openSessions(store, nowMs),
      requestsPending: await pendingRequests(store, nowMs),
      proposalsWaiting: await waitingProposals(store),
    },
    networksEmpty: names(networks.filter(({ id }) => of(id).length === 0)),
    networksDown: names(networks.filter(({ id }) => of(id).length > 0 && !of(id).some(isOnline))),
    networksSingle: names(networks.filter(({ id }) => of(id).length === 1 && of(id).some(isOnline))),
    failing: await failing(store, state, connectors),
    denied: await deniedSince(store, nowMs - dayMs),
    expiring: [
      ...certificatesEnding(connectors, nowMs),
      ...(await keysEnding(store, state, nowMs)),
      ...policiesEnding(state, nowMs),
      ...(await tokensEnding(store, { nowMs, untilMs: nowMs + soonMs, withApiTokens })),
    ].toSorted((a, b) => a.at.localeCompare(b.at)),
  };
}

async function count(store: ScopedStore, table: 'people'): Promise<number> {
  const row = await store
    .select(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

async function openSessions(store: ScopedStore, nowMs: number): Promise<number> {
  const row = await store
    .select('sessions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('ended_ms', 'is', null)
    .where('until_ms', '>', nowMs)
    .executeTakeFirstOrThrow();
  return row.count;
}

/** Devices that some profile would not let in; none where nothing is asked. */
async function devicesFailing(
  organisation: Organisation,
  { document }: OrganisationState,
  nowMs: number,
): Promise<number> {
  const profiles = document.postureProfiles ?? [];
  if (profiles.length === 0) return 0;
  const known = await knownDevices(organisation);
  return known.filter(({ claims }) => standingBy(profiles, claims, nowMs).met !== true).length;
}

async function deniedSince(store: ScopedStore, sinceMs: number): Promise<Overview['denied']> {
  const rows = await store
    .select('audit')
    .select(['resource', 'reasons'])
    .where('result', '=', 'refused')
    .where('at_ms', '>=', sinceMs)
    .orderBy('seq', 'desc')
    .limit(maxRefusals + 1)
    .execute();
  const counted = rows.slice(0, maxRefusals);
  return {
    count: counted.length,
    more: rows.length > maxRefusals,
    // An entry has all that was looked at; nothing is refused for what is met.
    reasons: mostOften(
      counted.flatMap(({ reasons }) => (JSON.parse(reasons) as string[]).filter((name) => !isMet(name))),
    ).map((each) => {
      const text = Object.hasOwn(reasonTexts, each.name)
        ? reasonTexts[each.name as ReasonName].text
        : undefined;
      return { ...each, ...(text === undefined ? {} : { text }) };
    }),
    resources: mostOften(counted.flatMap(({ resource }) => resource ?? [])),
  };
}

function mostOften(list: readonly string[]): { name: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const name of list) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .map(([name, times]) => ({ name, count: times }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, mostNamed);
}

function certificatesEnding(
  connectors: readonly Pick<NodesTable, 'certificates'>[],
  nowMs: number,
): Overview['expiring'] {
  const soonest = new Map<string, string>();
  for (const { certificates } of connectors) {
    if (certificates === null) continue;
    for (const { host, until } of JSON.parse(certificates) as Certificates['list']) {
      if (until === undefined || until * 1_000 > nowMs + soonMs) continue;
      const at = new Date(until * 1_000).toISOString();
      const known = soonest.get(host);
      if (known === undefined || at < known) soonest.set(host, at);
    }
  }
  return [...soonest].map(([name, at]) => ({ kind: 'certificate' as const, name, at }));
}

async function keysEnding(
  store: ScopedStore,
  { serviceAccounts }: OrganisationState,
  nowMs: number,
): Promise<Overview['expiring']> {
  // Provisioning keys end within a day as a matter of course.
  const rows = await store
    .select('enrolment_keys')
    .select(['target', 'expires_ms'])
    .where('purpose', '=', 'service')
    .where('expires_ms', 'is not', null)
    .where('expires_ms', '>', nowMs)
    .where('expires_ms', '<', nowMs + soonMs)
    .execute();
  return rows.map(({ target, expires_ms: at }) => ({
    kind: 'enrolment key' as const,
    name: serviceAccounts.find(({ id }) => id === target)?.name ?? target,
    at: new Date(at ?? nowMs).toISOString(),
  }));
}

function policiesEnding({ document }: OrganisationState, nowMs: number): Overview['expiring'] {
  return (document.policies ?? []).flatMap(({ name, until }) => {
    const endMs = until === undefined ? Number.NaN : Date.parse(until);
    return endMs > nowMs && endMs < nowMs + soonMs
      ? [{ kind: 'policy' as const, name, at: new Date(endMs).toISOString() }]
      : [];
  });
}

function names(list: readonly { readonly name: string }[]): string[] {
  return list.map(({ name }) => name);
}
