/** What `postern status` says of a connector: put together from its parts, which know nothing of it. */
import type { ConnectorSnapshot } from '../protocol/snapshot.ts';
import type { RelayId } from '../protocol/ids.ts';
import type { KeptAttachment } from '../protocol/link/keep-attached.ts';
import type { Alarm } from '../protocol/node/alarms.ts';
import type { ControlState } from '../protocol/node/control-connection.ts';
import type { HostCertificate } from '../protocol/web-messages.ts';
import type { HealthCode } from '../protocol/resource-health.ts';
import { version } from '../protocol/version.ts';
import type { FailingPort } from './dial/target-health.ts';

const mostFailing = 100;

/** `postern status --json` on a connector's state directory. */
export interface ConnectorStatus {
  readonly schema: 'postern.connector/v1';
  readonly id: string | undefined;
  /** Its node key, base64url: what devices know it by. */
  readonly key: string;
  readonly network: string | undefined;
  readonly state: 'ready' | 'degraded' | 'draining' | 'enrolling' | 'refused';
  readonly controller: { readonly connected: boolean; readonly fault?: string };
  readonly relays: readonly { readonly id: string; readonly connected: boolean; readonly rtt_ms?: number }[];
  /** Absent without `--direct`. */
  readonly direct?: {
    readonly port: number;
    /** What this connector asked to be published, and whether devices are told of it. */
    readonly endpoints: readonly { readonly endpoint: string; readonly published: boolean }[];
    readonly sessions: number;
  };
  readonly sessions: number;
  readonly streams: number;
  /** Requests and WebSockets at public hostnames; absent where there are none of these. */
  readonly requests?: number;
  readonly resources: number;
  /**
   * Ports of resources that did not answer when they were last dialled, at most the first hundred; absent where there are none.
   * `host`: the first name of the resource; `since`: an instant.
   */
  readonly failing?: readonly {
    readonly resource: string;
    readonly host: string;
    readonly port: number;
    readonly code: HealthCode;
    readonly since: string;
  }[];
  /** Of public hostnames; absent where there are none. `until` in epoch seconds. */
  readonly certificates?: readonly HostCertificate[];
  /** What was heard that cannot be right, and left aside; absent while there is none. */
  readonly alarms?: readonly Alarm[];
  readonly version: string;
}

export interface ConnectorParts {
  readonly id: string | undefined;
  readonly key: string;
  readonly snapshot: ConnectorSnapshot | undefined;
  readonly control: ControlState;
  readonly relays: Iterable<[RelayId, KeptAttachment]>;
  /** Undefined without `--direct`. */
  readonly direct:
    { readonly port: number; readonly endpoints: readonly string[]; readonly sessions: number } | undefined;
  readonly sessions: number;
  readonly streams: number;
  readonly requests: number;
  readonly failing: readonly FailingPort[];
  readonly isDraining: boolean;
  /** Whether the last beat was of an older epoch than one seen before. */
  readonly isBehind: boolean;
  readonly certificates: readonly HostCertificate[];
  readonly alarms: Pick<ConnectorStatus, 'alarms'>;
}

const olderDataText =
  "the controller's data is older than what it said before, so its beats are ignored; put its newest data back";

export function connectorStatus(parts: ConnectorParts): ConnectorStatus {
  const { id, snapshot, control, direct, sessions, streams, isBehind } = parts;
  const connected = control.state === 'up';
  const relays = Array.from(parts.relays, ([relay, kept]) => relayStatus(relay, kept));
  const lost = 'fault' in control ? control.fault?.message : undefined;
  const fault = connected && isBehind ? olderDataText : lost;
  return {
    schema: 'postern.connector/v1',
    id,
    key: parts.key,
    network: snapshot?.network.name,
    state: overall(
      parts,
      relays.some((relay) => relay.connected),
    ),
    controller: { connected, ...(fault === undefined ? {} : { fault }) },
    relays,
    ...(direct === undefined
      ? {}
      : { direct: { ...direct, endpoints: published(direct.endpoints, snapshot?.direct ?? []) } }),
    sessions,
    streams,
    ...(parts.certificates.length === 0 ? {} : { requests: parts.requests }),
    resources: Object.keys(snapshot?.resources ?? {}).length,
    ...(parts.failing.length === 0 ? {} : { failing: failingShown(parts.failing, snapshot) }),
    ...(parts.certificates.length === 0 ? {} : { certificates: parts.certificates }),
    ...parts.alarms,
    version,
  };
}

function failingShown(
  failing: readonly FailingPort[],
  snapshot: ConnectorSnapshot | undefined,
): NonNullable<ConnectorStatus['failing']> {
  return failing.slice(0, mostFailing).map(({ resource, port, code, since }) => ({
    resource,
    host: snapshot?.resources[resource]?.hosts[0] ?? resource,
    port,
    code,
    since: new Date(since).toISOString(),
  }));
}

function relayStatus(id: RelayId, { state }: KeptAttachment): ConnectorStatus['relays'][number] {
  if (state.state !== 'up') return { id, connected: false };
  const { rttMs } = state.attachment;
  return { id, connected: true, ...(rttMs === undefined ? {} : { rtt_ms: rttMs }) };
}

function published(
  endpoints: readonly string[],
  told: readonly string[],
): NonNullable<ConnectorStatus['direct']>['endpoints'] {
  return endpoints.map((endpoint) => ({ endpoint, published: told.includes(endpoint) }));
}

function overall(
  { control, isDraining, isBehind, snapshot }: ConnectorParts,
  isAttached: boolean,
): ConnectorStatus['state'] {
  if (control.state === 'refused') return 'refused';
  if (isDraining) return 'draining';
  if (snapshot === undefined) return 'enrolling';
  return control.state === 'up' && isAttached && !isBehind ? 'ready' : 'degraded';
}
