/** Tables of the web door: codes, sessions, guests, passes, what people expose. */
import type { Email } from '../../../protocol/email-address.ts';
import type {
  ConnectorId,
  DeviceId,
  Id,
  NetworkId,
  OrganisationId,
  ResourceId,
} from '../../../protocol/ids.ts';
import type { Name } from '../../../protocol/names.ts';

/** What a browser carries from its sign-in to a connector, once. */
export interface WebCodesTable {
  organisation: OrganisationId;
  /** SHA-256 of the code. */
  hash: string;
  host: Name;
  network: NetworkId;
  /** base64url SHA-256 of what only that browser has. */
  challenge: string;
  session: Id<'ses'>;
  /** Where the browser asked from. */
  address: string;
  expires_ms: number;
}

/** Web sessions in force: what a revocation has to name, and what connectors that come later are told. */
export interface WebSessionsTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  session: Id<'ses'>;
  subject: Id<'usr'>;
  network: NetworkId;
  resource: ResourceId;
  host: Name;
  /** JSON array: where the browser came from, as the controller and the relay saw it. */
  addresses: string;
  /** JSON of what it stands on besides the right: who the person is, where the door leads. */
  terms: string;
  token: string;
  /** When the right ends by itself; the token ends no later. */
  until_ms: number;
  expires_ms: number;
}

/** Codes that were sent to guests, or would have been: one for each browser and hostname. */
export interface GuestCodesTable {
  organisation: OrganisationId;
  /** Hash of the browser's cookie. */
  browser: string;
  host: Name;
  email: Email;
  /** 1: they are invited there, and a mail was sent. */
  invited: number;
  hash: string;
  tries: number;
  expires_ms: number;
}

/** `service`: a service token (`ws_`); `device`: a device pass (`dp_`). */
export interface WebPassesTable {
  organisation: OrganisationId;
  id: Id<'tok'>;
  kind: 'service' | 'device';
  hash: string;
  name: string;
  subject: Id<'usr'> | Id<'svc'>;
  resource: ResourceId;
  /** Of the sign-in in which a person made it. */
  auth_ms: number | null;
  amr: string;
  acr: string | null;
  created_ms: number;
  created_by: string;
  expires_ms: number | null;
}

/** Ports of people's own machines behind the web door; kept for a while after they have ended. */
export interface ExposuresTable {
  organisation: OrganisationId;
  id: ResourceId;
  /** Its connector's, and nobody else's. */
  network: NetworkId;
  /** Null until it has joined. */
  connector: ConnectorId | null;
  person: Id<'usr'>;
  device: DeviceId;
  hostname: Name;
  port: number;
  /** JSON of who may open it besides the person; null: nobody. */
  allow: string | null;
  /** The Host it is sent; null: the public one. */
  host: string | null;
  created_ms: number;
  until_ms: number;
  ended_ms: number | null;
}

/** The part of a hostname that is one person's for good, so that nobody takes over what others remember as theirs. */
export interface ExposureLabelsTable {
  organisation: OrganisationId;
  label: string;
  person: Id<'usr'>;
}
