/** Somebody of the busy organisation with a role, signed in after it was given. */
import type { Id } from '../../../protocol/ids.ts';
import type { Role } from '../../../protocol/roles.ts';
import { corpSignIn } from '../../controller/support/corp-sign-in.ts';
import type { TestPortal } from '../../login/support/portal.ts';

/** Of the provider whose word is taken. */
export const issuer = 'https://idp.acme.example';

/** The cookie of a session that began `agoMs` before now, by the provider's word. */
export async function signInAs(
  { context }: TestPortal,
  subject: string,
  role: Role | undefined,
  { agoMs = 0 } = {},
): Promise<{ readonly cookie: string; readonly person: Id<'usr'> }> {
  const organisation = context.organisation(context.firstOrganisation);
  const authMs = context.now() - agoMs;
  const signIn = () => corpSignIn(context, subject, { issuer, groups: [], authMs });
  const { person } = await signIn();
  if (role !== undefined)
    await organisation.store
      .update('people')
      .set({ role, role_ms: context.now(), role_by: 'test' })
      .where('id', '=', person)
      .execute();
  const { cookie } = await signIn();
  return { cookie, person };
}
