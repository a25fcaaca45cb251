/** Tables of people: who they are, how they sign in, their sessions and roles, and tokens that act for them. */
import type { Email } from '../../../protocol/email-address.ts';
import type { DeviceId, Id, OrganisationId } from '../../../protocol/ids.ts';
import type { Role, TokenRole } from '../../../protocol/roles.ts';

/** A person is (issuer, subject); e-mail only when the provider verified it, in lower case. */
export interface PeopleTable {
  organisation: OrganisationId;
  id: Id<'usr'>;
  issuer: string;
  subject: string;
  email: string | null;
  name: string;
  /** JSON array of declared group names. */
  groups: string;
  created_ms: number;
  signed_in_ms: number;
  /** Since when this person may not sign in; null while they may. */
  disabled_ms: number | null;
  /** Who disabled them: what a directory did it may undo. */
  disabled_by: string | null;
  /** As an administrator; null for everybody else. */
  role: Role | null;
  /** When the role was given or taken, and by whom. */
  role_ms: number | null;
  role_by: string | null;
}

/** `device`: what a device may do follows from it. `browser`: a signed-in browser at the controller's own pages. */
export type SessionKind = 'device' | 'browser';

export interface SessionsTable {
  organisation: OrganisationId;
  id: Id<'ses'>;
  kind: SessionKind;
  subject: string;
  device: DeviceId | null;
  /** The sk_ key that began it. */
  enrolment_key: Id<'tok'> | null;
  /** SHA-256 of a browser's cookie. */
  cookie_hash: string | null;
  address: string;
  started_ms: number;
  until_ms: number;
  auth_ms: number | null;
  /** JSON array (RFC 8176). */
  amr: string;
  /** Authentication context class, as the provider said. */
  acr: string | null;
  /** The name of the provider, and its own id of the sign-in (`sid`), by which it may end the session. */
  provider: string | null;
  provider_session: string | null;
  /** Sealed: shown to the provider again when a browser signs out there as well. Gone once the session has ended, or at the next sign-in of anybody after it ran out. */
  id_token: Uint8Array | null;
  ended_ms: number | null;
  ended_reason: string | null;
}

export type ApiRole = TokenRole;

export interface ApiTokensTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  hash: string;
  role: ApiRole;
  /** JSON array. */
  scopes: string;
  /** For people; empty where none was given. */
  name: string;
  expires_ms: number | null;
  created_ms: number;
  created_by: string;
  /** Written at most once a minute. */
  used_ms: number | null;
}

/** Logout tokens of providers that were acted upon: each counts once. */
export interface LogoutTokensTable {
  organisation: OrganisationId;
  provider: string;
  jti: string;
  /** When it would have expired, and may be forgotten. */
  until_ms: number;
}

/** A node that waits for its person to sign in. */
export interface LoginAttemptsTable {
  organisation: OrganisationId;
  id: string;
  kind: 'code' | 'loopback';
  /** Keyed hash of the typed code, or of the secret in the loopback URL. */
  entry_hash: string;
  /** JSON of the device that asks: keys, name, system, boot id, version, address. */
  device: string;
  /** Loopback only: the port and the PKCE challenge. */
  port: number | null;
  challenge: string | null;
  /** Loopback only, once the person has signed in: SHA-256 of the one-time code. */
  code_hash: string | null;
  /** JSON of the sign-in that answered it. */
  sign_in: string | null;
  session: Id<'ses'> | null;
  created_ms: number;
  expires_ms: number;
}

/** A role that waits for the person with this verified address. */
export interface InvitationsTable {
  organisation: OrganisationId;
  id: Id<'inv'>;
  email: Email;
  role: Role;
  /** SHA-256 of the link's token; null: it is taken by the first sign-in at the provider of this issuer. */
  hash: string | null;
  issuer: string | null;
  created_ms: number;
  /** A person's id, `token tok_…`, or `bootstrap file`. */
  created_by: string;
  expires_ms: number;
}

/** One-time links by which somebody becomes an owner. */
export interface SetupLinksTable {
  organisation: OrganisationId;
  /** SHA-256 of the token. */
  hash: string;
  created_ms: number;
  expires_ms: number;
}

/** Owners who sign in at the controller itself. */
export interface LocalAccountsTable {
  organisation: OrganisationId;
  person: Id<'usr'>;
  /** In lower case; by which they sign in. */
  email: string;
  /** Hashed; null with a passkey. */
  password: string | null;
  /** Of the authenticator, sealed. */
  one_time_secret: Uint8Array | null;
  /** The latest that was used. */
  one_time_step: number;
  /** JSON array of the hashes of the recovery codes that are left. */
  recovery: string;
  created_ms: number;
}

export interface PasskeysTable {
  organisation: OrganisationId;
  /** The credential's, base64url. */
  id: string;
  person: Id<'usr'>;
  public_key: Uint8Array;
  counter: number;
  created_ms: number;
  used_ms: number | null;
  /** As its owner calls it. */
  name: string | null;
}

/** Challenges that a passkey may answer, once. */
export interface PasskeyChallengesTable {
  organisation: OrganisationId;
  /** SHA-256 of the challenge. */
  hash: string;
  expires_ms: number;
}
