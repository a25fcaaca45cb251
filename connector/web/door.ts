/** What a connector has of a web door, whether it is open or waits to be needed, and what a door needs of the connector. */
import type { Clock, Random } from '../../protocol/clock.ts';
import type { FromController, FromNode } from '../../protocol/control.ts';
import type { CodeName } from '../../protocol/errors.ts';
import type { FlowRecord } from '../../protocol/flow-record.ts';
import type { WebCaller } from '../../protocol/hop.ts';
import type { Lease } from '../../protocol/lease.ts';
import type { LiveFlow } from '../../protocol/live-flows.ts';
import type { MuxStream } from '../../protocol/mux/stream.ts';
import type { AlarmName } from '../../protocol/node/alarms.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { ConnectorSnapshot } from '../../protocol/snapshot.ts';
import type { Card } from '../../protocol/tokens.ts';
import type { HostCertificate } from '../../protocol/web-messages.ts';
import type { AcmeCertificatesOptions } from './certificates/acme-certificates.ts';
import type { PeerAnswer } from './certificates/peer-messages.ts';
import type { DeviceFlow } from '../flows/device-flow.ts';
import type { OriginDialling } from './dial-origin.ts';
import type { WatchRequest } from './passed-request.ts';

export interface WebDoorOptions {
  readonly state: StateDirectory;
  readonly lease: Lease;
  snapshot(): ConnectorSnapshot | undefined;
  card(): Card | undefined;
  /** False while there is no contact with the controller. */
  send(message: FromNode): boolean;
  record(entry: Omit<FlowRecord, 'seq'>): void;
  /** Why the controller took these ids away, as its short code, where one of them was revoked. */
  causeOf(ids: readonly string[]): string | undefined;
  /** Whether there is room for records that anybody may cause. */
  hasRoom(): boolean;
  /** Whether what somebody opens now could not be recorded: then nothing more is opened (REL-16). */
  isLogFull(): boolean;
  alarm(name: AlarmName): void;
  /** How origins are connected to. */
  readonly dialling: OriginDialling;
  readonly onRequest?: WatchRequest;
  /** A folder of certificates. */
  readonly certificates?: string;
  /** The CA that orders go to; without one the controller's built-in authority issues what no file has. */
  readonly acme?: Pick<AcmeCertificatesOptions, 'settings' | 'peers' | 'goesBefore' | 'log'>;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WebDoor {
  /** A browser's TLS connection: accepts it, or leaves it to the next connector. */
  take(stream: MuxStream, caller: WebCaller): void;
  /**
   * What another connector of the network, with this node key, is told of the certificate of a hostname or `*.suffix`;
   * undefined for a name of no resource.
   */
  certificateFor(name: string, peerKey: Buffer): PeerAnswer | undefined;
  /** What each hostname is served with. */
  readonly certificates: readonly HostCertificate[];
  /** A device's TLS connection to a public hostname; false when there is no room for another one. */
  takeFlow(stream: MuxStream, device: DeviceFlow): boolean;
  /** A message that concerns the door; false for any other. */
  receive(message: FromController): boolean;
  /** A key of the controller is no longer on its card: what it signed counts no more. */
  forgetSigned(): void;
  /** The controller welcomed this connector. */
  welcomed(): void;
  /** A snapshot is remembered: certificates are looked after before the controller says anything. */
  resume(): void;
  /** The snapshot came or changed. */
  follow(): void;
  /** Ends what nothing covers any more; the instant (epoch milliseconds) at which time alone ends the next. */
  recheck(): number;
  /** Requests and upgrades that are open by no flow of a device; `cutFlow` ends one of them. */
  liveFlows(): LiveFlow[];
  cutFlow(id: string): boolean;
  /** Requests and upgrades that are open now, by either door. */
  readonly openExchanges: number;
  /**
   * Takes no new connections, so that browsers go to another connector, and leaves open requests and WebSockets time to end.
   * Where the network has no other one it goes on as before: whoever comes would find nobody.
   */
  drain(): void;
  /** As an administrator says: takes no new connections, whether there is another connector or not; or takes them again. */
  setDrained(isDrained: boolean): void;
  /**
   * Ends whatever is open, with this code in its record. Resolves to how many connections there were: their last words are on
   * their way to the relays.
   */
  close(code: CodeName): Promise<number>;
}
