/**
 * The hashes of an organisation's audit log, each over its entry and the hash before: what is left of the log when the
 * organisation is deleted, and what an export carries, so that whoever has one can show that it is whole and unchanged.
 */
import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { OrganisationId } from '../../protocol/ids.ts';
import type { AuditTable } from '../store/tables/organisations.ts';

/** The hash before the first entry, base64url. */
export function chainStart(organisation: OrganisationId): string {
  return digest('postern/1 audit\0', organisation);
}

/** The hash of an entry that follows `before`. */
export function chainNext(before: string, row: Selectable<AuditTable>): string {
  const { seq, at_ms: atMs, who, what, resource, result, reasons, cause, detail } = row;
  return digest(before, JSON.stringify([seq, atMs, who, what, resource, result, reasons, cause, detail]));
}

function digest(...texts: string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.digest('base64url');
}
