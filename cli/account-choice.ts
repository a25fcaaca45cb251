/** Which account of a state directory a command is about where no client runs that could tell. */
import type { AccountFolder } from '../client/accounts/account-folders.ts';
import { chooseAccount, nameAccounts, type AccountMarks } from '../client/accounts/account-names.ts';
import { DeviceMemory } from '../client/memory.ts';
import { exits, toFault } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

/**
 * The one that is meant; where nothing says so, the only one there is or that somebody is signed in to. Undefined where
 * there is none at all. Throws a CommandError that lists them otherwise.
 */
export function chosenFolder(
  folders: readonly AccountFolder[],
  meant: string | undefined,
): AccountFolder | undefined {
  if (meant !== undefined) {
    try {
      return folders[chooseAccount(folders.map(marksOf), meant)];
    } catch (error) {
      throw new CommandError(exits.usage, toFault(error).message);
    }
  }
  const signedIn = folders.filter(({ isSignedIn }) => isSignedIn);
  const [first, ...others] = signedIn.length === 1 ? signedIn : folders;
  if (others.length === 0) return first;
  const names = nameAccounts(folders.map(marksOf)).join(', ');
  throw new CommandError(exits.usage, `there are several accounts here; say which with --account: ${names}`);
}

function marksOf({ id, enrolment, state }: AccountFolder): AccountMarks {
  const { snapshot } = new DeviceMemory(state, () => undefined);
  return {
    id,
    url: enrolment?.url ?? '',
    organisation: snapshot?.organisation,
    email: snapshot?.session.email,
  };
}
