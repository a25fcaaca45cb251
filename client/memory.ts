/**
 * What the client remembers of its controller: the last snapshot, tickets and grants, so that a restart during an outage
 * finds everything that is still valid, and the zones fail closed from the first moment.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { DeviceSnapshot } from '../protocol/control.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { applyPatch, type Patch } from '../protocol/snapshot.ts';

const file = 'session.json';

const Remembered = Type.Object({
  schema: Type.Literal('postern.session/v1'),
  snapshot: Type.Optional(DeviceSnapshot),
  tickets: Type.Array(Type.String()),
  grants: Type.Array(Type.String()),
  /** PEM certificates of the controller's TLS authority, from its card. */
  authorities: Type.Array(Type.String()),
});

export class DeviceMemory {
  readonly #state: StateDirectory;
  /** Of the channel that is open now; 0 before its first snapshot. */
  #version = 0;
  #snapshot: DeviceSnapshot | undefined;
  #tickets: readonly string[] = [];
  #grants: readonly string[] = [];
  #authorities: readonly string[] = [];

  /** Reads what an earlier process wrote; a file it cannot read as such is as good as none. */
  constructor(state: StateDirectory) {
    this.#state = state;
    const stored = state.readJson(file);
    if (!Value.Check(Remembered, stored)) return;
    this.#snapshot = stored.snapshot;
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

  setSnapshot(version: number, snapshot: DeviceSnapshot): void {
    this.#version = version;
    this.#snapshot = snapshot;
    this.#store();
  }

  /** Applies a patch; false when it is not for the snapshot at hand or makes no snapshot, which then stays. */
  patch(from: number, version: number, set: Patch): boolean {
    if (this.#snapshot === undefined || from !== this.#version) return false;
    const next = applyPatch(this.#snapshot, set);
    if (!Value.Check(DeviceSnapshot, next)) return false;
    this.setSnapshot(version, next);
    return true;
  }

  setTickets(tickets: readonly string[]): void {
    this.#tickets = tickets;
    this.#store();
  }

  setGrants(grants: readonly string[]): void {
    this.#grants = grants;
    this.#store();
  }

  /** The grants for one network. */
  grantsFor(network: string): string[] {
    return this.#grants.filter((grant) => audienceOf(grant) === network);
  }

  /** Forgets everything, after a logout. */
  forget(): void {
    this.#version = 0;
    this.#snapshot = undefined;
    this.#tickets = [];
    this.#grants = [];
    this.#state.remove(file);
  }

  #store(): void {
    this.#state.writeJson(file, {
      schema: 'postern.session/v1',
      ...(this.#snapshot === undefined ? {} : { snapshot: this.#snapshot }),
      tickets: this.#tickets,
      grants: this.#grants,
      authorities: this.#authorities,
    });
  }
}

/** The audience a token claims, read without checking it: the connector does that, here it only sorts. */
function audienceOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const aud = typeof claims === 'object' && claims !== null && 'aud' in claims ? claims.aud : undefined;
    return typeof aud === 'string' ? aud : undefined;
  } catch {
    return undefined;
  }
}
