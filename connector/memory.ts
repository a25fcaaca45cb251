/**
 * What a connector remembers across its own restarts, so that it serves without its controller for as long as the lease
 * allows: the last snapshot, tickets and card, and the lease with everything revoked.
 */
import { Value } from 'typebox/value';
import { ConnectorSnapshot } from '../protocol/snapshot.ts';
import type { Lease, Revocation } from '../protocol/lease.ts';
import type { AlarmName } from '../protocol/node/alarms.ts';
import { KeptLease } from '../protocol/node/kept-lease.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { applyPatch, hasEachOnce, type Patch } from '../protocol/snapshot-patch.ts';
import type { Card } from '../protocol/tokens.ts';

interface Remembered {
  readonly snapshot?: ConnectorSnapshot;
  readonly tickets: readonly string[];
  readonly card?: Card;
}

/** Causes are shown for cuts that happen now; older ones are in the audit log. */
const maxCauses = 10_000;

export class ConnectorMemory {
  readonly #lease: KeptLease;
  readonly #state: StateDirectory;
  readonly #alarm: (name: AlarmName) => void;
  readonly #causes = new Map<string, string>();
  #remembered: Remembered;
  /** Of the channel that is open now; undefined before its first snapshot. */
  #version: number | undefined;

  /**
   * Reads what an earlier process left. Throws a Fault for a damaged file.
   * @param alarm what could not be written down, while this process goes on with it
   */
  constructor(state: StateDirectory, wallClock: () => number, alarm: (name: AlarmName) => void) {
    this.#state = state;
    this.#alarm = alarm;
    this.#lease = new KeptLease(state, wallClock, () => alarm('not-kept'));
    this.#remembered = (state.readJson('snapshot.json') as Remembered | undefined) ?? { tickets: [] };
  }

  get lease(): Lease {
    return this.#lease.lease;
  }

  get snapshot(): ConnectorSnapshot | undefined {
    return this.#remembered.snapshot;
  }

  get card(): Card | undefined {
    return this.#remembered.card;
  }

  get ticket(): string | undefined {
    return this.#remembered.tickets[0];
  }

  setCard(card: Card): void {
    this.#remember({ card });
  }

  setTickets(tickets: readonly string[]): void {
    this.#remember({ tickets });
  }

  /** A new channel: patches count from its own snapshot on. */
  begin(): void {
    this.#version = undefined;
  }

  /** What is wrong with it, in which case nothing changes. */
  setSnapshot(version: number, epoch: number, snapshot: ConnectorSnapshot): AlarmName | undefined {
    if (!hasEachOnce(snapshot)) return 'message-not-valid';
    if (epoch < this.lease.epoch) return 'older-epoch';
    this.#version = version;
    this.#remember({ snapshot });
    return undefined;
  }

  /**
   * Applies a patch to the version it was made for. `behind`: it was made for another, and the channel must start anew;
   * `refused`: it makes no snapshot, or belongs to one that was refused. Then nothing changes.
   */
  patch(from: number, version: number, set: Patch): 'applied' | 'behind' | 'refused' {
    const { snapshot } = this.#remembered;
    if (snapshot === undefined || this.#version === undefined) return 'refused';
    if (from !== this.#version) return 'behind';
    const next = applyPatch(snapshot, set);
    if (!Value.Check(ConnectorSnapshot, next) || !hasEachOnce(next)) return 'refused';
    this.#version = version;
    this.#remember({ snapshot: next });
    return 'applied';
  }

  /** False for a beat of an older epoch, which changes nothing. */
  beat(epoch: number, controllerS: number): boolean {
    return this.#lease.beat(epoch, controllerS);
  }

  /** Revokes at once; the caller ends what runs on it, and then calls `keepLease`. */
  revoke(revocation: Revocation): void {
    this.#lease.revoke(revocation);
    for (const id of revocation.ids) this.#causes.set(id, revocation.reason);
    for (const id of this.#causes.keys()) {
      if (this.#causes.size <= maxCauses) break;
      this.#causes.delete(id);
    }
  }

  /** Writes it once this turn's work is done; what is revoked in one turn is written together. */
  keepLeaseSoon(): void {
    this.#lease.keepSoon();
  }

  /** Writes the lease to disk, with everything revoked. */
  keepLease(): void {
    this.#lease.keep();
  }

  /** Writes it when it has not been for a minute: without beats a restart would forget how late it is. */
  keepTime(): void {
    this.#lease.keepTime();
  }

  causeOf(ids: readonly string[]): string | undefined {
    return ids.map((id) => this.#causes.get(id)).find((cause) => cause !== undefined);
  }

  #remember(change: Partial<Remembered>): void {
    this.#remembered = { ...this.#remembered, ...change };
    if (!this.#state.keepJson('snapshot.json', this.#remembered)) this.#alarm('not-kept');
  }
}
