/** `--organisation`: which one of a controller that serves several, for commands beside its data. */
import type { Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import type { FoundOrganisation } from '../controller/operator/find-organisation.ts';
import type { Store } from '../controller/store/store.ts';
import { CommandError } from './output.ts';

export interface OrganisationOption {
  organisation?: string;
}

export function withOrganisation(command: Command): Command {
  return command.option('--organisation <name>', 'which one, by name or id; the first unless said');
}

/** The organisation that is meant. Throws a sentence where there is none. */
export async function organisationOf(
  store: Store,
  { organisation }: OrganisationOption,
): Promise<FoundOrganisation> {
  const { findOrganisation } = await import('../controller/operator/find-organisation.ts');
  const which = organisation ?? (await store.firstOrganisation());
  const found = await findOrganisation(store, which);
  if (found === undefined)
    throw new CommandError(exits.usage, `there is no organisation "${which}"; see postern organisation list`);
  return found;
}
