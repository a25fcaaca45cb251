/**
 * What every part of the controller is given: store, keys, time, and where to tell of changes. Made once by
 * `openController`; tests make one with a virtual clock.
 */
import type { Logger } from 'pino';
import type { Clock, Random } from '../protocol/clock.ts';
import type { TrustsProxy } from '../protocol/proxied-port.ts';
import type { ConnectorId, DeviceId, OrganisationId } from '../protocol/ids.ts';
import type { Publish } from './changes.ts';
import type { SharedReads } from './control/shared-reads.ts';
import type { NarrowedRights } from './decisions/narrowed-rights.ts';
import type { OpenedCounts } from './decisions/opened-counts.ts';
import type { Authority } from './keys/authority.ts';
import type { SignedCard } from './keys/card.ts';
import type { ControllerKeys } from './keys/controller-keys.ts';
import type { SecretKey } from './keys/secret-key.ts';
import type { OrganisationReader } from './organisation/organisation-state.ts';
import type { MayReach } from './egress.ts';
import type { Mailer } from './notifications/mailer.ts';
import type { Channel } from './notifications/tellers.ts';
import type { Bus } from './live/bus.ts';
import type { Live } from './live/live.ts';
import type { Presence } from './live/presence.ts';
import type { SeenControllers } from './live/seen-controllers.ts';
import type { NodeShares } from './operator/node-shares.ts';
import type { Organisations } from './operator/organisations.ts';
import type { UsageCounts } from './operator/usage-counts.ts';
import type { ScopedStore } from './store/scoped-store.ts';
import type { SharedCommit } from './store/shared-commit.ts';
import type { Store } from './store/store.ts';

/** One organisation's records and its current document. */
export interface Organisation {
  readonly id: OrganisationId;
  readonly store: ScopedStore;
  /** For what many nodes write at once. */
  readonly commits: SharedCommit;
  /** For what many nodes are told at once. */
  readonly reads: SharedReads;
  readonly reader: OrganisationReader;
  readonly narrowed: NarrowedRights;
  readonly opened: OpenedCounts;
}

export interface ControllerContext {
  /** Of this process, and of no other. */
  readonly id: string;
  /**
   * Origin only, e.g. `https://access.example.com:8443`; the issuer of everything signed, and where the first organisation
   * signs in: for what people of any are shown, ask `organisations.addressOf`.
   */
  readonly publicUrl: URL;
  /** Under which browsers reach public hostnames; in their URLs where it is not 443. */
  readonly webPort: number;
  readonly store: Store;
  /** All of them, and where each has its people sign in. */
  readonly organisations: Organisations;
  /** The first organisation, which is the only one unless the operator makes others. */
  readonly firstOrganisation: OrganisationId;
  organisation(id: OrganisationId): Organisation;
  readonly secretKey: SecretKey;
  readonly keys: ControllerKeys;
  card(): Promise<SignedCard>;
  /** The built-in TLS authority; undefined when certificates come from files. */
  readonly authority: Authority | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** For timers. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where it may go itself for what administrators name. */
  readonly mayReach: MayReach;
  /** Whose word counts for where a connection or a request comes from. */
  readonly trustsProxy: TrustsProxy;
  /** Undefined where no SMTP server was named: then nobody comes by e-mail. */
  readonly mailer: Mailer | undefined;
  /** Whether it is about to end: then it is not ready, though it still does everything. */
  isLeaving: boolean;
  /** Whether it is shutting down: then it begins nothing more, though it still answers. */
  isDraining: boolean;
  /** What all controllers of these records share; `presence` and `bus` are its own. */
  readonly live: Live;
  /** The others of them, as they say that they run. */
  readonly controllers: SeenControllers;
  readonly presence: Presence;
  readonly bus: Bus;
  /** What connectors and relays may have of what their organisations may, and what organisations make use of. */
  readonly shares: NodeShares;
  readonly usage: UsageCounts;
  readonly publish: Publish;
  /**
   * Runs `sweep` at this instant (epoch ms), in the place of the sweep of this name that the organisation waits for;
   * undefined: none.
   */
  atNextSweep(
    organisation: OrganisationId,
    name:
      | 'superseded'
      | 'ended'
      | 'opened'
      | 'exposures'
      | 'requests'
      | 'usage'
      | 'unsettled'
      | `notifications ${Channel}`
      | `posture ${DeviceId}`
      | `parting ${ConnectorId}`,
    atMs: number | undefined,
    sweep: () => void,
  ): void;
}
