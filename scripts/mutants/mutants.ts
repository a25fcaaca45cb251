/** Every guard that `npm run mutants` takes out, by the part of the product it stands in. */
import { clientMutants } from './client.ts';
import type { Mutant } from './mutant.ts';
import { policyMutants } from './policy.ts';
import { protocolMutants } from './protocol.ts';
import { serverMutants } from './servers.ts';

export const mutants: readonly Mutant[] = [
  ...policyMutants,
  ...protocolMutants,
  ...serverMutants,
  ...clientMutants,
];
