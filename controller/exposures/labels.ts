/**
 * The part of a hostname by which one sees whose it is: made of the person's address, given to one person of the
 * organisation, and theirs for good. It has no hyphen, and what is exposed follows after one, so that nobody can choose a
 * name that is, or looks as if it were, somebody else's.
 */
import type { Id } from '../../protocol/ids.ts';
import type { Subject } from '../decisions/seat.ts';
import type { ScopedStore } from '../store/scoped-store.ts';

/** Leaves room for a number, a hyphen and what is exposed. */
const longest = 24;
/** Nobody is called that at first: it would look as if it were the organisation's own. */
const reserved = new Set(
  (
    'abuse account accounts admin administrator api app apps auth autoconfig autodiscover billing controller dns ftp help ' +
    'hostmaster idp imap info isatap localhost login mail mtasts noreply oidc owner postern postmaster relay root security ' +
    'signin smtp sso status support system webmaster wpad www xn'
  ).split(' '),
);

/** What the label of this person begins with: letters and digits alone. */
export function plainLabel({ email, name }: Pick<Subject, 'email' | 'name'>): string {
  const local = email?.split('@')[0] ?? name;
  const plain = local
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, longest);
  return plain === '' || reserved.has(plain) ? `${plain}person` : plain;
}

/** The person's label; the first time one that nobody has. Inside the caller's transaction. */
export async function labelOf(
  tx: ScopedStore,
  person: Id<'usr'>,
  subject: Pick<Subject, 'email' | 'name'>,
): Promise<string> {
  const own = await tx
    .select('exposure_labels')
    .select('label')
    .where('person', '=', person)
    .executeTakeFirst();
  if (own !== undefined) return own.label;
  const plain = plainLabel(subject);
  const like = await tx
    .select('exposure_labels')
    .select('label')
    .where('label', 'like', `${plain}%`)
    .execute();
  const taken = new Set(like.map(({ label }) => label));
  let label = plain;
  for (let number = 2; taken.has(label); number++) label = `${plain}${number}`;
  await tx.insert('exposure_labels', { label, person }).execute();
  return label;
}
