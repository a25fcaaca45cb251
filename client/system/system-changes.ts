/**
 * Everything a capturing `postern up` changes on the system, in one place and in order: route, table, and where names are
 * asked; and the way back. Each step is in the journal before it is done.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../protocol/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { callLocalApi } from '../../protocol/node/local-api.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { PortRange } from '../../protocol/ports.ts';
import { addLocalRoute, allowUdpPorts, hostRoutes, installTable } from '../capture/rules.ts';
import {
  addressAt,
  chooseRange,
  formatRange,
  offsetOf,
  parseRange,
  resolverAddress,
  reverseZones,
  type AddressRange,
} from '../dns/address-range.ts';
import { searchDomains } from '../dns/search-shadows.ts';
import type { Upstream } from '../dns/upstream.ts';
import {
  flushResolved,
  isResolvedStub,
  makeLink,
  resolvedRuns,
  resolvedUplinks,
  routeZones,
} from '../system-dns/resolved.ts';
import { followResolvConf, previousServers } from '../system-dns/follow-resolv-conf.ts';
import {
  isStillOurs,
  journalOfTakeover,
  nameServers,
  planTakeover,
  resolvConfPath,
  takeOver,
} from '../system-dns/resolv-conf.ts';
import {
  journalFile,
  readJournal,
  readJournalAt,
  undoChanges,
  undoLeftovers,
  type Journal,
  type Undone,
} from './journal.ts';
import { SystemUnsuited } from './system-unsuited.ts';

/** How this system's programs come to ask us. */
export type NameRouting = 'systemd-resolved' | 'resolv.conf' | 'systemd-resolved and resolv.conf';

/** What is asked of us. */
export interface RoutedNames {
  /** These and all names below them; they stay refused after a crash where the system can do that. */
  readonly zones: readonly string[];
  /** Public hostnames, and wildcards of such: after a crash they are again asked where they were before. */
  readonly hostnames: readonly string[];
}

export interface SystemChanges {
  readonly routing: NameRouting;
  readonly range: AddressRange;
  /** The resolvers the system has besides us, and the domains its programs append to names. */
  upstreams(): readonly Upstream[];
  readonly searchDomains: readonly string[];
  /** Whether names of the zones stay refused when this process crashes; where not, the system is restored. */
  readonly failsClosed: boolean;
  /** Points the system at our resolver, which must be answering by now. */
  takeNames(names: RoutedNames): Promise<void>;
  /** Changes the names; also has the system forget answers it holds. */
  setNames(names: RoutedNames): Promise<void>;
  /** Lets datagrams of those who are captured through to these ports of the range, and to no others. */
  setUdpPorts(ranges: readonly PortRange[]): Promise<void>;
  /** False when another program has replaced resolv.conf since, and names no longer come here. */
  stillInPlace(): boolean;
  /** @param between as `undoChanges` has it */
  undo(between?: () => Promise<void>): Promise<Undone>;
}

/**
 * The range to use: the wanted one, or another where it collides with a route of the host. Throws a Fault when nothing is
 * free.
 */
export async function freeRange(state: StateDirectory, wanted: AddressRange): Promise<AddressRange> {
  // What a crash left behind is ours, whichever range it has.
  const own = parseRange(readJournal(state)?.range ?? '');
  const routes = (await hostRoutes()).filter(
    ({ base, prefix }) =>
      own === undefined || prefix < own.prefix || offsetOf(own, addressAt({ base, prefix }, 0)) === undefined,
  );
  const range = chooseRange(wanted, routes);
  if (range !== undefined) return range;
  throw new Fault(
    'limit',
    `The host has routes in every range tried for synthetic addresses (${formatRange(wanted)} and others); ` +
      'choose a free one with --range.',
  );
}

/**
 * Makes route and table, and the link where systemd-resolved runs. Names are still asked where they were. Throws a Fault,
 * with nothing changed, where resolv.conf is systemd-resolved's stub and systemd-resolved cannot be told: taking that file
 * over would break whatever it answers for.
 */
export async function beginChanges(
  state: StateDirectory,
  range: AddressRange,
  capture: { readonly uids: readonly number[]; readonly port: number },
): Promise<SystemChanges> {
  const resolved = await resolvedRuns();
  if (!resolved && isResolvedStub(nameServers(readResolvConf()))) throw stubWithoutResolved();
  await undoStaleLeftovers(state, range);
  await undoForeignTakeover();
  const key = createHash('sha256').update(state.path).digest('hex').slice(0, 6);
  const address = resolverAddress(range);
  const resolvConf = readResolvConf();
  const others = (servers: readonly string[]): string[] => servers.filter((server) => server !== address);
  const servers = others(nameServers(resolvConf));
  const routing = routingOf(resolved, servers);
  let journal: Journal = {
    schema: 'postern.system/v1',
    table: `postern_${key}`,
    range: formatRange(range),
    zones: [],
    ...(resolved ? { link: `postern${key}` } : {}),
  };
  const record = (change: Partial<Journal>): void => {
    journal = { ...journal, ...change };
    state.writeJson(journalFile, journal);
  };
  /** Has resolv.conf name us, whatever it holds now; what that is is written down first. */
  const takeResolvConf = (): void => {
    const takeover = planTakeover(resolvConfPath, address, join(state.path, journalFile));
    record({ takeover });
    takeOver(takeover);
  };
  let following: { close(): void } | undefined;
  const undo = async (between?: () => Promise<void>): Promise<Undone> => {
    following?.close();
    const undone = await undoChanges(journal, between);
    state.remove(journalFile);
    return undone;
  };
  const routed = ({ zones, hostnames }: RoutedNames): string[] => [
    ...routedAlways(zones, range),
    ...hostnames.map((host) => host.replace(/^\*\./, '')),
  ];
  let routedNow = '';
  record({});
  try {
    await addLocalRoute(range);
    await installTable({ table: journal.table, range, ...capture });
    if (journal.link !== undefined) await makeLink(journal.link, address);
  } catch (error) {
    await undo();
    throw error;
  }
  return {
    routing,
    range,
    // What resolved was asked and sent here must not go back to its stub.
    upstreams() {
      const { takeover } = journal;
      const asked =
        routing === 'systemd-resolved'
          ? others(resolvedUplinks())
          : takeover === undefined
            ? servers
            : others(previousServers(takeover));
      return asked.map((server) => ({ address: server, port: 53 }));
    },
    get searchDomains() {
      const previous = journal.takeover?.previous ?? { kind: 'file', text: resolvConf };
      return searchDomains(previous.kind === 'none' ? '' : previous.text);
    },
    failsClosed: routing === 'systemd-resolved',
    async takeNames(names) {
      const { zones } = names;
      routedNow = routed(names).join(' ');
      if (journal.link !== undefined) await routeZones(journal.link, address, routed(names));
      record({ zones: [...zones] });
      if (routing === 'systemd-resolved') return;
      takeResolvConf();
      following = followResolvConf({
        takeover: () => journal.takeover as NonNullable<Journal['takeover']>,
        retake: takeResolvConf,
        clock: systemClock,
      });
    },
    async setNames(names) {
      const wanted = routed(names).join(' ');
      if (wanted === routedNow) return resolved ? flushResolved() : undefined;
      routedNow = wanted;
      record({ zones: [...names.zones] });
      return journal.link === undefined ? undefined : routeZones(journal.link, address, routed(names));
    },
    setUdpPorts: (ranges) => allowUdpPorts(journal.table, ranges),
    stillInPlace: () => journal.takeover === undefined || isStillOurs(journal.takeover),
    undo,
  };
}

/** What is routed to us whatever else is: the zones, addresses of the range, and the name by which browsers look for us. */
export function routedAlways(zones: readonly string[], range: AddressRange): string[] {
  return [...zones, 'use-application-dns.net', ...reverseZones(range)];
}

function routingOf(resolved: boolean, servers: readonly string[]): NameRouting {
  if (!resolved) return 'resolv.conf';
  return isResolvedStub(servers) ? 'systemd-resolved' : 'systemd-resolved and resolv.conf';
}

function stubWithoutResolved(): SystemUnsuited {
  return new SystemUnsuited(
    `${resolvConfPath} points to systemd-resolved, which cannot be told where your names are ("resolvectl dns" fails), ` +
      'so nothing was changed. Run: sudo systemctl restart dbus systemd-resolved && sudo postern up' +
      ' — or without names: postern up --capture none --socks 127.0.0.1:1080',
  );
}

/**
 * Undoes what a crash left behind, except the link under systemd-resolved: while it stands the zones fail closed, and
 * this start takes it over as it is.
 */
async function undoStaleLeftovers(state: StateDirectory, range: AddressRange): Promise<void> {
  const left = readJournal(state);
  const reusable =
    left?.link !== undefined && left.takeover === undefined && left.range === formatRange(range);
  if (!reusable) await undoLeftovers(state);
}

/** A resolv.conf that a crashed `up` of another state directory left behind is put back first; a living one's stays. */
async function undoForeignTakeover(): Promise<void> {
  const path = journalOfTakeover(readResolvConf());
  const journal = path === undefined ? undefined : readJournalAt(path);
  if (path === undefined || journal === undefined) return;
  const owner = dirname(path);
  if (await isAnswering(owner)) {
    throw new Fault(
      'busy',
      `another "postern up" answers for the names of this system; stop it first: postern down --state ${owner}`,
    );
  }
  await undoChanges(journal);
}

async function isAnswering(stateDirectory: string): Promise<boolean> {
  try {
    await callLocalApi(stateDirectory, 'GET', '/v1/status');
    return true;
  } catch {
    return false;
  }
}

function readResolvConf(): string {
  try {
    return readFileSync(resolvConfPath, 'utf8');
  } catch {
    return '';
  }
}
