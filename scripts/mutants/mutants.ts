/** Every guard that `npm run mutants` takes out, by the part of the product it stands in. */
import type { Mutant } from './mutant.ts';
import { policyMutants } from './policy.ts';

export const mutants: readonly Mutant[] = [...policyMutants];
