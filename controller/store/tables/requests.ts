/** Tables of requests for access, and of whom is told about them. */
import type { RequestState } from '../../../protocol/requests.ts';
import type { Email } from '../../../protocol/email-address.ts';
import type { Id, OrganisationId, ResourceId } from '../../../protocol/ids.ts';

/** Somebody asked for a resource. It begins `pending` and ends as one of the others, from `approved` by time or withdrawal. */
export interface AccessRequestsTable {
  organisation: OrganisationId;
  id: Id<'req'>;
  person: Id<'usr'>;
  /** Names, since both outlive changes of the document. */
  resource: string;
  rule: string;
  /** 1 or 0: it was approved by nobody. */
  break_glass: number;
  reason: string;
  /** For how long it was asked. */
  for_ms: number;
  state: RequestState;
  created_ms: number;
  /** When it lapses unanswered. */
  answer_by_ms: number;
  /** Of an approved one, until when. */
  until_ms: number | null;
  /** JSON array of the names of requires. */
  waives: string;
  ended_ms: number | null;
  ended_by: string | null;
}

/** One answer of each approver. */
export interface RequestAnswersTable {
  organisation: OrganisationId;
  request: Id<'req'>;
  /** A person's id or `token tok_…`. */
  who: string;
  answer: 'approve' | 'deny';
  for_ms: number | null;
  waives: string;
  /** Of a denial: why. */
  said: string | null;
  at_ms: number;
}

/** When people last used what is locked while it is not used. */
export interface ResourceUsesTable {
  organisation: OrganisationId;
  person: Id<'usr'>;
  resource: ResourceId;
  used_ms: number;
}

export interface WebhooksTable {
  organisation: OrganisationId;
  name: string;
  /** Sealed with the secret key. */
  secret: Uint8Array;
  /** When it last took what it was told, and what was wrong after that. */
  told_ms: number | null;
  fault: string | null;
}

/** What is still to be told, and to whom. */
export interface NotificationsTable {
  organisation: OrganisationId;
  id: string;
  /** `webhook NAME` or `mail ADDRESS`. */
  target: string;
  event: string;
  body: string;
  attempts: number;
  created_ms: number;
  next_ms: number;
}

/** Links in mails to approvers: each answers its request once, for whoever signs in under that address. */
export interface RequestLinksTable {
  organisation: OrganisationId;
  /** SHA-256 of the token. */
  hash: string;
  request: Id<'req'>;
  email: Email;
  expires_ms: number;
}

/** One row, once a mail was sent or not taken. */
export interface MailStatesTable {
  organisation: OrganisationId;
  sent_ms: number | null;
  /** What was wrong with the last one; null when it was taken. */
  fault: string | null;
}
