/** The audit log as administrators' commands read it: page after page, by its cursor and filters. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits } from '../protocol/errors.ts';
import { AuditRow } from '../protocol/inventory.ts';
import { adminCall } from './admin-call.ts';
import type { AdminTarget } from './admin-options.ts';
import { CommandError } from './output.ts';

/** Entries in the order in which they were written, and the cursor of the following page. */
export interface AuditPage {
  readonly entries: AuditRow[];
  readonly next: number;
}

/** As the API names them. */
export type AuditQuery = Readonly<Record<string, string | number | undefined>>;

/** Most entries of one page. */
export const pageSize = 1_000;

const isPage = Compile(Type.Object({ entries: Type.Array(AuditRow), next: Type.Integer() }));

/** Throws a CommandError where the controller refuses, or answers something else. */
export async function auditPage(target: AdminTarget, query: AuditQuery): Promise<AuditPage> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const answer = await adminCall(target, 'GET', `/api/v1/audit?${search.toString()}`);
  if (!isPage.Check(answer))
    throw new CommandError(exits.unexpected, 'the answer is no part of the audit log');
  return answer;
}

/** Throws a CommandError for what is no kind of entry. */
export function checkKind(what: string | undefined): void {
  if (what === undefined || /^[a-z.-]{1,64}$/.test(what)) return;
  throw new CommandError(exits.usage, `"${what}" is no kind of entry; write one such as flow or session.end`);
}
