/** Makes the status of a client from its parts. */
import type { DeviceSnapshot } from '../protocol/control.ts';
import type { ControlState } from '../protocol/node/control-connection.ts';
import { version } from '../protocol/version.ts';
import { formatRange } from './dns/address-range.ts';
import type { RefusedZone } from './dns/zones.ts';
import type { Flows } from './flows.ts';
import { pathView } from './path-view.ts';
import { ownPosture } from './posture/own-posture.ts';
import type { LastReport } from './posture/reporter.ts';
import { webNames, type Knowledge } from './standing.ts';
import { warningsMs } from './session-warnings.ts';
import { statusSchema, type ClientStatus } from './status.ts';
import type { SystemChanges } from './system/system-changes.ts';
import type { Tunnels } from './tunnels.ts';

export interface StatusParts {
  readonly url: string;
  readonly control: ControlState;
  readonly snapshot: DeviceSnapshot | undefined;
  readonly signingIn: boolean;
  readonly knowledge: Knowledge;
  readonly refusedZones: readonly RefusedZone[];
  readonly capture:
    | { readonly changes: SystemChanges; readonly resolver: string; readonly uids: readonly number[] }
    | undefined;
  readonly socksPort: number | undefined;
  readonly httpPort: number | undefined;
  readonly lastPosture: LastReport | undefined;
  readonly tunnels: Pick<Tunnels, 'networks' | 'relays'>;
  readonly flows: Pick<Flows, 'active' | 'incidents'>;
  readonly alarms: Pick<ClientStatus, 'alarms'>;
}

export function reportStatus(parts: StatusParts): ClientStatus {
  const { control, snapshot, knowledge, capture } = parts;
  const granted = knowledge.resources.filter((resource) => resource.granted).length;
  const posture = ownPosture(parts.lastPosture, snapshot?.posture, knowledge);
  const fault = 'fault' in control ? control.fault?.message : undefined;
  return {
    schema: statusSchema,
    version,
    state: overall(parts),
    controller: {
      url: parts.url,
      connected: control.state === 'up',
      ...(fault === undefined ? {} : { fault }),
    },
    ...(snapshot === undefined
      ? {}
      : { session: sessionOf(snapshot), device: { ...snapshot.device }, ...newsOf(snapshot) }),
    ...(posture === undefined ? {} : { posture }),
    ...(capture === undefined
      ? {}
      : {
          dns: {
            routing: capture.changes.routing,
            resolver: capture.resolver,
            zones: knowledge.zones,
            hostnames: webNames(knowledge),
            refused_zones: parts.refusedZones,
            in_place: capture.changes.stillInPlace(),
            fails_closed: capture.changes.failsClosed,
          },
          capture: { range: formatRange(capture.changes.range), uids: capture.uids },
        }),
    proxies: {
      ...(parts.socksPort === undefined ? {} : { socks: `127.0.0.1:${parts.socksPort}` }),
      ...(parts.httpPort === undefined ? {} : { http: `127.0.0.1:${parts.httpPort}` }),
    },
    networks: parts.tunnels.networks().map((network) => ({
      name: network.name,
      connectors: network.connectors,
      connected: network.connected,
      ...(network.rttMs === undefined ? {} : { rtt_ms: Math.round(network.rttMs * 10) / 10 }),
      ...pathView(network, (relay) => relayName(snapshot, relay)),
    })),
    relays: parts.tunnels.relays(),
    ...parts.alarms,
    resources: { granted, refused: knowledge.resources.length - granted },
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

/** The host of a relay's URL; its id where the snapshot does not name it any more. */
export function relayName(snapshot: DeviceSnapshot | undefined, relay: string): string {
  const url = snapshot?.relays[relay]?.url;
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : relay;
}

function overall({ control, knowledge, signingIn }: StatusParts): ClientStatus['state'] {
  if (control.state === 'refused') return 'refused';
  if (knowledge.contact === 'ended') return 'signed-out';
  if (control.state === 'up' && knowledge.contact === 'known') return 'up';
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
