/** What a session asks of the connector around it, always as of now. */
import type { Clock } from '../../protocol/clock.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { AlarmName } from '../../protocol/node/alarms.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { Card } from '../../protocol/tokens.ts';
import type { ResolveRecords } from '../dial/records.ts';
import type { NoteDial } from '../dial/target-health.ts';
import type { Resolve } from '../dial/resolve.ts';
import type { DeviceFlow } from './device-flow.ts';
import type { FlowLog } from './flow-log.ts';
import type { FlowQuota } from './flow-quota.ts';

export interface Serving {
  readonly lease: Lease;
  readonly flows: FlowLog;
  /** Shared by all sessions of the connector. */
  readonly quota: FlowQuota;
  snapshot(): ConnectorSnapshot | undefined;
  card(): Card | undefined;
  /** Why the controller took these ids away, as its short code, where one of them was revoked. */
  causeOf(ids: readonly string[]): string | undefined;
  /** Something that cannot be right was shown and left aside. */
  alarm(name: AlarmName): void;
  /** Takes what another connector asks (WIRE A9, kind `peer`); false for anything else, and for whoever is none. */
  peer?(this: void, stream: MuxStream, payload: unknown, key: Buffer): boolean;
  readonly resolve: Resolve;
  readonly resolveRecords: ResolveRecords;
  /** Is told what became of every dial to a target. */
  noteDial?: NoteDial;
  /** Gives a flow to the TLS endpoint of the public hostnames; false when there is no room for another one. */
  takeWeb(stream: MuxStream, device: DeviceFlow): boolean;
  /** Whether this connector itself listens there: no resource leads to it. */
  isOwnListener?(this: void, address: string, port: number): boolean;
  readonly clock: Clock;
  readonly wallClock: () => number;
}
