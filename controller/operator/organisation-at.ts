/** Which organisation a request without credentials is about: the one whose sign-in address it came to. */
import type { ControllerContext, Organisation } from '../context.ts';

/** The first organisation is at every address that is no other's. */
export function organisationAt(
  context: ControllerContext,
  { headers }: { readonly headers: { readonly host?: string | undefined } },
): Organisation {
  return context.organisation(context.organisations.at(headers.host) ?? context.firstOrganisation);
}
