/** Makes the status of a client from its parts. */
import type { DeviceSnapshot } from '../protocol/snapshot.ts';
import type { ControlState } from '../protocol/node/control-connection.ts';
import { version } from '../protocol/version.ts';
import { formatRange } from './dns/address-range.ts';
import type { RefusedZone } from './dns/zones.ts';
import type { Flows } from './flows/flows.ts';
import { pathView } from './tunnel/path-view.ts';
import { ownPosture } from './posture/own-posture.ts';
import type { LastReport } from './posture/reporter.ts';
import type { Knowledge } from './standing.ts';
import { warningsMs } from './sign-in/session-warnings.ts';
import { statusSchema, type AccountSummary, type ClientStatus, type PeerShown } from './status.ts';
import type { SystemChanges } from './system/system-changes.ts';
import type { KnownPeers, PeerReport } from './tunnel/known-peers.ts';
import type { Tunnels } from './tunnel/tunnels.ts';

/** What one account knows of itself. */
export interface AccountParts {
  readonly url: string;
  readonly control: ControlState;
  readonly snapshot: DeviceSnapshot | undefined;
  readonly signingIn: boolean;
  readonly knowledge: Knowledge;
  readonly lastPosture: LastReport | undefined;
  readonly tunnels: Pick<Tunnels, 'networks' | 'relays'>;
  readonly peers: Pick<KnownPeers, 'isStrict' | 'count' | 'reports'>;
  readonly flows: Pick<Flows, 'active' | 'incidents'>;
  readonly alarms: Pick<ClientStatus, 'alarms'>;
}

/** What the system has to do with it. */
export interface SystemParts {
  /** What the account holds here. */
  readonly zones: readonly string[];
  readonly hostnames: readonly string[];
  readonly refusedZones: readonly RefusedZone[];
  readonly capture:
    | { readonly changes: SystemChanges; readonly resolver: string; readonly uids: readonly number[] }
    | undefined;
  /** Names will be captured in a moment: who asks the system for one now may not get our answer. */
  readonly isBeginning: boolean;
  readonly socksPort: number | undefined;
  readonly httpPort: number | undefined;
  /** Every account that runs. */
  readonly accounts: readonly { readonly name: string; readonly parts: AccountParts }[];
}

/** The status of the account of that name. */
export function reportStatus(account: string, parts: AccountParts, system: SystemParts): ClientStatus {
  const { snapshot, knowledge } = parts;
  const { capture } = system;
  const posture = ownPosture(parts.lastPosture, snapshot?.posture, knowledge);
  return {
    schema: statusSchema,
    version,
    accounts: system.accounts.map(({ name, parts: each }) => summaryOf(name, each, system)),
    ...summaryOf(account, parts, system),
    ...(snapshot === undefined ? {} : { device: { ...snapshot.device }, ...newsOf(snapshot) }),
    ...(posture === undefined ? {} : { posture }),
    ...(capture === undefined
      ? {}
      : {
          dns: {
            routing: capture.changes.routing,
            resolver: capture.resolver,
            zones: system.zones,
            hostnames: system.hostnames,
            refused_zones: system.refusedZones,
            in_place: capture.changes.stillInPlace(),
            fails_closed: capture.changes.failsClosed,
          },
          capture: { range: formatRange(capture.changes.range), uids: capture.uids },
        }),
    proxies: {
      ...(system.socksPort === undefined ? {} : { socks: `127.0.0.1:${system.socksPort}` }),
      ...(system.httpPort === undefined ? {} : { http: `127.0.0.1:${system.httpPort}` }),
    },
    networks: parts.tunnels.networks().map((network) => ({
      name: network.name,
      connectors: network.connectors,
      connected: network.connected,
      ...(network.rttMs === undefined ? {} : { rtt_ms: Math.round(network.rttMs * 10) / 10 }),
      ...pathView(network, (relay) => relayName(snapshot, relay)),
    })),
    relays: parts.tunnels.relays(),
    peers: {
      strict: parts.peers.isStrict,
      known: parts.peers.count,
      reports: parts.peers.reports().map(peerView),
    },
    ...parts.alarms,
    flows: parts.flows.active().map(({ host, port, resource, sinceMs, droppedDatagrams }) => ({
      host,
      port,
      resource,
      since: new Date(sinceMs).toISOString(),
      ...(droppedDatagrams === 0 ? {} : { dropped: droppedDatagrams }),
    })),
    recent: parts.flows.incidents().map(({ atMs, event, host, port, resource, code, text }) => ({
      at: new Date(atMs).toISOString(),
      event,
      host,
      port,
      ...(resource === undefined ? {} : { resource }),
      code,
      text,
    })),
  };
}

/** As `status` and what is printed at once show it. */
export function peerView({ what, connector, network, known, named, at, refused }: PeerReport): PeerShown {
  return {
    what,
    connector,
    ...(network === undefined ? {} : { network }),
    ...(known === undefined ? {} : { known_key: known }),
    named_key: named,
    ...(at === undefined ? {} : { at: new Date(at * 1_000).toISOString() }),
    refused,
  };
}

/** One account in short. */
function summaryOf(account: string, parts: AccountParts, system: SystemParts): AccountSummary {
  const { url, control, snapshot, knowledge } = parts;
  const granted = knowledge.resources.filter((resource) => resource.granted).length;
  const fault = 'fault' in control ? control.fault?.message : undefined;
  return {
    account,
    state: overall(parts, system),
    controller: { url, connected: control.state === 'up', ...(fault === undefined ? {} : { fault }) },
    ...(snapshot === undefined ? {} : { session: sessionOf(snapshot) }),
    resources: { granted, refused: knowledge.resources.length - granted },
  };
}

/** The host of a relay's URL; its id where the snapshot does not name it any more. */
export function relayName(snapshot: DeviceSnapshot | undefined, relay: string): string {
  const url = snapshot?.relays[relay]?.url;
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : relay;
}

function overall(
  { control, knowledge, signingIn }: AccountParts,
  { isBeginning }: SystemParts,
): ClientStatus['state'] {
  if (control.state === 'refused') return 'refused';
  if (knowledge.contact === 'ended') return 'signed-out';
  if (control.state === 'up' && knowledge.contact === 'known') return isBeginning ? 'connecting' : 'up';
  return signingIn && knowledge.contact === 'none' ? 'signing-in' : 'connecting';
}

function newsOf({ news = [] }: DeviceSnapshot): Pick<ClientStatus, 'news'> {
  if (news.length === 0) return {};
  return { news: news.map((each) => ({ ...each, at: new Date(each.at * 1_000).toISOString() })) };
}

function sessionOf({ session }: DeviceSnapshot): NonNullable<ClientStatus['session']> {
  const { kind, name, email, until, ended } = session;
  const soon = kind === 'person' && ended === undefined && until * 1_000 - Date.now() <= warningsMs[0];
  return {
    kind,
    name,
    ...(email === undefined ? {} : { email }),
    until: new Date(until * 1_000).toISOString(),
    ...(ended === undefined ? {} : { ended }),
    ...(soon ? { ends_soon: true } : {}),
  };
}
