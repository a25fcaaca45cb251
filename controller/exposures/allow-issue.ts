/** What is wrong with whom somebody wants to let in to what they expose. */
import { parseEmailPattern } from '../../protocol/email-address.ts';
import type { WhoDocument } from '../../protocol/policy-document.ts';
import type { OrganisationState } from '../organisation/organisation-state.ts';

/** A sentence for the person; undefined when it can be. */
export function allowIssue({ document, groups }: OrganisationState, who: WhoDocument): string | undefined {
  if (who === 'everyone') return undefined;
  const { people = [], groups: named = [], serviceAccounts = [], guests = [] } = who;
  if (people.length + named.length + serviceAccounts.length + guests.length === 0)
    return 'names nobody; give a group, an e-mail address or everyone';
  const group = named.find((each) => !groups.has(each));
  if (group !== undefined) return `there is no group "${group}"`;
  const account = serviceAccounts.find(
    (each) => !(document.serviceAccounts ?? []).some(({ name }) => name === each),
  );
  if (account !== undefined) return `there is no service account "${account}"`;
  const person = people.find((each) => !/^[^@\s*]+@[^@\s]+$/.test(each));
  if (person !== undefined) return `"${person}" is no e-mail address`;
  if (guests.length > 0 && document.expose?.guests !== true)
    return 'guests may not be let in to what is exposed; an administrator may allow it with expose: { guests: true }';
  const guest = guests.find((each) => parseEmailPattern(each) === undefined);
  return guest === undefined ? undefined : `"${guest}" is neither an e-mail address nor *@ and a domain`;
}
