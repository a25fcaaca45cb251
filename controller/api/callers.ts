/** Who calls, and whether a declaration of access lets them in. Knows no request. */
import type { Id, OrganisationId } from '../../protocol/ids.ts';
import { actions, covers, type Action, type Role, type Scope } from '../../protocol/roles.ts';
import { isFresh } from '../login/freshness.ts';
import type { ApiRole } from '../store/tables/people.ts';

export interface TokenCaller {
  readonly kind: 'token';
  readonly organisation: OrganisationId;
  readonly id: Id<'tok'>;
  readonly role: ApiRole;
  readonly scopes: readonly Scope[];
  /** Epoch ms; null when it never expires. */
  readonly expiresMs: number | null;
}

/** A person signed in with a browser at the controller's own pages. */
export interface PersonCaller {
  readonly kind: 'person';
  readonly organisation: OrganisationId;
  readonly session: Id<'ses'>;
  readonly person: Id<'usr'>;
  /** As an administrator, where this session counts for it. */
  readonly role: Role | undefined;
  /** When the provider saw them last, epoch ms. */
  readonly authMs: number | null;
}

/** Somebody who says which devices are compliant, by the secret of its webhook. */
export interface SourceCaller {
  readonly kind: 'source';
  readonly organisation: OrganisationId;
  readonly source: string;
}

/** The directory of an identity provider, by its token. */
export interface DirectoryCaller {
  readonly kind: 'directory';
  readonly organisation: OrganisationId;
  readonly id: Id<'tok'>;
  /** The name of the provider. */
  readonly directory: string;
}

export type Caller =
  { readonly kind: 'nobody' } | TokenCaller | PersonCaller | SourceCaller | DirectoryCaller;
export type KnownCaller = Exclude<Caller, { kind: 'nobody' }>;

/**
 * Who may call a route: everyone; or whoever has one of these actions, any signed-in person, the posture source that the
 * path names, and any directory, for what is its own.
 */
export type Access = 'public' | readonly (Action | 'person' | 'source' | 'directory')[];

/** `not-fresh`: this person would be let in after signing in again. */
export type Admission = 'yes' | 'no' | 'not-fresh';

/** Whether `access` lets this caller in at `nowMs` (epoch). */
export function admission(caller: KnownCaller, access: Exclude<Access, 'public'>, nowMs: number): Admission {
  if (caller.kind === 'source' || caller.kind === 'directory')
    return access.includes(caller.kind) ? 'yes' : 'no';
  if (caller.kind === 'person' && access.includes('person')) return 'yes';
  const covered = access
    .filter((each) => each !== 'person' && each !== 'source' && each !== 'directory')
    .filter((action) => has(caller, action));
  if (covered.length === 0) return 'no';
  if (caller.kind === 'token' || isFresh(caller.authMs, nowMs)) return 'yes';
  return covered.some((action) => actions[action].fresh !== true) ? 'yes' : 'not-fresh';
}

/** Whether the caller's role, and a token's scopes, cover this action. */
export function has(caller: Caller, action: Action): boolean {
  if (caller.kind === 'token') return covers(caller.role, action, caller.scopes);
  return caller.kind === 'person' && caller.role !== undefined && covers(caller.role, action);
}
