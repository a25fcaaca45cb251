/**
 * What one account knows of names: made from the last snapshot that it remembers, with those of its zones that this device
 * may take over. What the other accounts know of the same names is left to name-sharing.ts.
 */
import { parseName } from '../../protocol/names.ts';
import type { StateDirectory } from '../../protocol/node/state-directory.ts';
import type { DeviceSnapshot } from '../../protocol/snapshot.ts';
import { ConfirmedZones } from '../dns/confirmed-zones.ts';
import { acceptedZones, type RefusedZone } from '../dns/zones.ts';
import { nothingKnown, readKnowledge, type Knowledge } from '../standing.ts';
import { hostOf } from './host-of.ts';

export interface AccountKnowledgeOptions {
  readonly state: StateDirectory;
  /** Where the controller is reached. */
  url(this: void): string;
  snapshot(this: void): DeviceSnapshot | undefined;
  /** A zone has come since the sign-in: its names go where they went before, until the person says yes to it. */
  onUnconfirmed(this: void, zone: string): void;
  /** What the person said yes to could not be written down. */
  notKept(this: void): void;
  /** Epoch milliseconds. */
  readonly wallClock: () => number;
}

export class AccountKnowledge {
  readonly #options: AccountKnowledgeOptions;
  readonly #confirmed: ConfirmedZones;
  #last: Knowledge = nothingKnown([], new Set());
  #unfitZones: readonly RefusedZone[] = [];

  constructor(options: AccountKnowledgeOptions) {
    this.#options = options;
    this.#confirmed = new ConfirmedZones(options.state, options.notKept);
  }

  /**
   * What is known now, with every zone that it may take over, whoever holds it on this device; a session whose time has
   * passed is over, whether or not the controller could say so.
   */
  now(): Knowledge {
    const until = this.#options.snapshot()?.session.until;
    const over =
      this.#last.contact === 'known' && until !== undefined && until * 1_000 <= this.#options.wallClock();
    return over ? { ...this.#last, contact: 'ended' } : this.#last;
  }

  /** As the controller last said, whatever time has ended since. */
  get contact(): Knowledge['contact'] {
    return this.#last.contact;
  }

  /** Zones that no device should take over, and why. */
  get unfitZones(): readonly RefusedZone[] {
    return this.#unfitZones;
  }

  /** Follows the snapshot that is remembered now. */
  read(snapshot: DeviceSnapshot): void {
    const controllerHost = hostOf(this.#options.url());
    const hosts = [controllerHost, ...Object.values(snapshot.relays).map(({ url }) => hostOf(url))];
    const isConfirmed = this.#confirmed.of(snapshot);
    const { accepted, refused } = acceptedZones(snapshot.zones, controllerHost, isConfirmed);
    this.#tellUnconfirmed(refused);
    this.#unfitZones = refused;
    const exempt = new Set(hosts.flatMap((host) => parseName(host) ?? []));
    this.#last = readKnowledge(snapshot, accepted, exempt);
  }

  /** The controller takes this device no more. */
  end(): void {
    this.#last = { ...this.#last, contact: 'ended' };
  }

  #tellUnconfirmed(refused: readonly RefusedZone[]): void {
    const told = new Set(this.#unfitZones.flatMap(({ zone, why }) => (why === 'unconfirmed' ? zone : [])));
    for (const { zone, why } of refused)
      if (why === 'unconfirmed' && !told.has(zone)) this.#options.onUnconfirmed(zone);
  }
}
