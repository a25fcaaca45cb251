/** A provider that is asked for by its name in an address: found and reachable, or not. */
import type { SignInError } from '../../protocol/portal.ts';
import { ProblemError } from '../api/problems.ts';
import type { ControllerContext, Organisation } from '../context.ts';
import type { Provider, Providers } from './providers.ts';

/** Throws `not-found` for a name that the document does not have. */
export async function reachProvider(
  { log }: ControllerContext,
  providers: Providers,
  organisation: Organisation,
  name: string,
): Promise<Provider | Extract<SignInError, 'provider-unreachable'>> {
  let provider: Provider | undefined;
  try {
    provider = await providers.find(organisation, name);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    log.warn({ provider: name, code, reason: message }, 'an identity provider cannot be used');
    return 'provider-unreachable';
  }
  if (provider === undefined) throw new ProblemError('not-found');
  return provider;
}
