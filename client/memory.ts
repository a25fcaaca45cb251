/**
 * What the client remembers of its controller: the last snapshot, tickets and grants, so that a restart during an outage
 * finds everything that is still valid, and the zones fail closed from the first moment.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { DeviceSnapshot } from '../protocol/snapshot.ts';
import type { AlarmName } from '../protocol/node/alarms.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { applyPatch, hasEachOnce, type Patch } from '../protocol/snapshot-patch.ts';

const file = 'session.json';

const Remembered = Type.Object({
  schema: Type.Literal('postern.session/v1'),
  snapshot: Type.Optional(DeviceSnapshot),
  /** The highest epoch heard of. */
  epoch: Type.Optional(Type.Integer({ minimum: 0 })),
  tickets: Type.Array(Type.String()),
  grants: Type.Array(Type.String()),
  /** PEM certificates of the controller's TLS authority, from its card. */
  authorities: Type.Array(Type.String()),
});

export class DeviceMemory {
  readonly #state: StateDirectory;
  readonly #alarm: (name: AlarmName) => void;
  /** Of the channel that is open now; undefined before its first snapshot. */
  #version: number | undefined;
  #epoch = 0;
  #snapshot: DeviceSnapshot | undefined;
  #tickets: readonly string[] = [];
  #grants: readonly string[] = [];
  #authorities: readonly string[] = [];

  /**
   * Reads what an earlier process wrote; a file it cannot read as such is as good as none.
   * @param alarm what could not be written down, while this process goes on with it
   */
  constructor(state: StateDirectory, alarm: (name: AlarmName) => void) {
    this.#state = state;
    this.#alarm = alarm;
    const stored = state.readJson(file);
    if (!Value.Check(Remembered, stored)) return;
    this.#snapshot = stored.snapshot;
    this.#epoch = stored.epoch ?? 0;
    this.#tickets = stored.tickets;
    this.#grants = stored.grants;
    this.#authorities = stored.authorities;
  }

  get snapshot(): DeviceSnapshot | undefined {
    return this.#snapshot;
  }

  /** The ticket with which relays are attached to. */
  get ticket(): string | undefined {
    return this.#tickets[0];
  }

  get grants(): readonly string[] {
    return this.#grants;
  }

  /** What relays of this controller may show besides the certificates the system trusts. */
  get authorities(): readonly string[] {
    return this.#authorities;
  }

  setAuthorities(authorities: readonly string[]): void {
    this.#authorities = authorities;
    this.#store();
  }

  /** A new channel: patches count from its own snapshot on. */
  begin(): void {
    this.#version = undefined;
  }

  /** Whether the controller is where it was or further; an older epoch is refused and changes nothing. */
  mayBeAt(epoch: number): boolean {
    if (epoch < this.#epoch) return false;
    // Written down with the next snapshot; a beat changes no more than this.
    this.#epoch = epoch;
    return true;
  }

  /** What is wrong with it, in which case nothing changes. */
  setSnapshot(version: number, epoch: number, snapshot: DeviceSnapshot): AlarmName | undefined {
    if (!hasEachOnce(snapshot)) return 'message-not-valid';
    if (!this.mayBeAt(epoch)) return 'older-epoch';
    this.#version = version;
    this.#snapshot = snapshot;
    this.#store();
    return undefined;
  }

  /**
   * Applies a patch to the version it was made for. `behind`: it was made for another, and the channel must start anew;
   * `refused`: it makes no snapshot, or belongs to one that was refused. Then nothing changes.
   */
  patch(from: number, version: number, set: Patch): 'applied' | 'behind' | 'refused' {
    if (this.#snapshot === undefined || this.#version === undefined) return 'refused';
    if (from !== this.#version) return 'behind';
    const next = applyPatch(this.#snapshot, set);
    if (!Value.Check(DeviceSnapshot, next) || !hasEachOnce(next)) return 'refused';
    this.#version = version;
    this.#snapshot = next;
    this.#store();
    return 'applied';
  }

  setTickets(tickets: readonly string[]): void {
    this.#tickets = tickets;
    this.#store();
  }

  /** Takes new grants, beside those of `kept` (ids). False: not all of these are here, and nothing changes. */
  setGrants(grants: readonly string[], kept: readonly string[] = []): boolean {
    const held = this.#grants.filter((grant) => kept.includes(claimOf(grant, 'jti') ?? ''));
    if (held.length !== kept.length) return false;
    this.#grants = [...held, ...grants];
    this.#store();
    return true;
  }

  /** The grants for one network. */
  grantsFor(network: string): string[] {
    return this.#grants.filter((grant) => claimOf(grant, 'aud') === network);
  }

  /** Forgets everything, after a logout. */
  forget(): void {
    this.#version = undefined;
    this.#epoch = 0;
    this.#snapshot = undefined;
    this.#tickets = [];
    this.#grants = [];
    this.#state.remove(file);
  }

  #store(): void {
    const isKept = this.#state.keepJson(file, {
      schema: 'postern.session/v1',
      ...(this.#snapshot === undefined ? {} : { snapshot: this.#snapshot }),
      epoch: this.#epoch,
      tickets: this.#tickets,
      grants: this.#grants,
      authorities: this.#authorities,
    });
    if (!isKept) this.#alarm('not-kept');
  }
}

/** What a token claims, read without checking it: the connector does that, here it only sorts. */
function claimOf(token: string, name: 'aud' | 'jti'): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null) return undefined;
    const claim = (claims as Record<string, unknown>)[name];
    return typeof claim === 'string' ? claim : undefined;
  } catch {
    return undefined;
  }
}
