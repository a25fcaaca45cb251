/**
 * To whom a mail about a request goes: those who may answer it, or the person who asked. Access that nobody approves is told to
 * every owner and administrator as well, whoever the rule names. Verified addresses only.
 */
import { parseEmail, type Email } from '../../protocol/email-address.ts';
import type { RequestRuleDocument } from '../../protocol/request-document.ts';
import type { AccessRequest } from '../../protocol/requests.ts';
import type { ScopedStore } from '../store/scoped-store.ts';
import type { RequestEvent } from './tell-of-request.ts';

/** Of a rule that names thousands, so many are told. */
const mostApproversTold = 50;

export async function recipientsOf(
  store: ScopedStore,
  rule: RequestRuleDocument | undefined,
  event: RequestEvent,
  request: AccessRequest,
): Promise<Email[]> {
  const asker = parseEmail(request.person.email ?? '');
  if (event === 'request.asked' || event === 'request.break-glass') {
    const told = rule?.approvers === undefined ? [] : await addressesOf(store, rule.approvers);
    const besides = event === 'request.break-glass' ? await addressesOfAdministrators(store) : [];
    return [...new Set([...besides, ...told])]
      .filter((address) => address !== asker)
      .slice(0, mostApproversTold);
  }
  const isOwnDoing = event === 'request.withdrawn' && request.endedBy === request.person.id;
  return asker === undefined || isOwnDoing ? [] : [asker];
}

async function addressesOfAdministrators(store: ScopedStore): Promise<Email[]> {
  const rows = await store
    .select('people')
    .select('email')
    .where('role', 'in', ['owner', 'admin'])
    .where('disabled_ms', 'is', null)
    .where('email', 'is not', null)
    .orderBy('email')
    .execute();
  return rows.flatMap(({ email }) => parseEmail(email ?? '') ?? []);
}

/** Of those who are named and of those in a named group who may come in, in a fixed order. */
async function addressesOf(
  store: ScopedStore,
  { people = [], groups = [] }: NonNullable<RequestRuleDocument['approvers']>,
): Promise<Email[]> {
  const named = people.flatMap((text) => parseEmail(text) ?? []);
  const rows = await store
    .select('people')
    .select(['email', 'groups', 'disabled_ms'])
    .where('email', 'is not', null)
    .orderBy('email')
    .execute();
  const emails = (some: typeof rows): Email[] => some.flatMap(({ email }) => parseEmail(email ?? '') ?? []);
  const barred = new Set(emails(rows.filter((row) => row.disabled_ms !== null)));
  const members = rows.filter((row) => {
    const own = row.groups === '[]' ? [] : (JSON.parse(row.groups) as string[]);
    return row.disabled_ms === null && own.some((group) => groups.includes(group));
  });
  return [...new Set([...named, ...emails(members)])].filter((address) => !barred.has(address));
}
