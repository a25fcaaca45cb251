/** Somebody signs in with a browser at the provider `corp`, as the controller records it once the provider has spoken. */
import type { ControllerContext } from '../../../controller/context.ts';
import { recordSignIn, type SignedIn } from '../../../controller/login/record-sign-in.ts';

type About = Parameters<typeof recordSignIn>[2];
type Given = Partial<Omit<About['identity'], 'subject'>> &
  Partial<Pick<About, 'issuer' | 'address' | 'idToken'>>;

/** Of the first organisation, in the group `staff`, just now and with a password, unless said otherwise. */
export function corpSignIn(
  context: ControllerContext,
  subject: string,
  { issuer = 'https://idp.acme.example', address = '203.0.113.9', idToken, ...identity }: Given = {},
): Promise<SignedIn> {
  return recordSignIn(context, context.organisation(context.firstOrganisation), {
    issuer,
    provider: 'corp',
    identity: {
      subject,
      name: subject,
      email: `${subject}@acme.example`,
      groups: ['staff'],
      authMs: context.now(),
      amr: ['pwd'],
      ...identity,
    },
    address,
    ...(idToken === undefined ? {} : { idToken }),
  });
}
