/** What accounts are called on this device, and which one a person means by what they typed. */
import { Fault } from '../../protocol/errors.ts';
import { sameAddress } from './account-folders.ts';

/** What an account may be known by. */
export interface AccountMarks {
  readonly id: string;
  readonly url: string;
  /** As its controller says. */
  readonly organisation: string | undefined;
  readonly email: string | undefined;
}

/**
 * A name for each, in their order: its organisation's where no account before it has that, else its controller's host. So
 * no organisation takes the name of another by calling itself so.
 */
export function nameAccounts(accounts: readonly AccountMarks[]): string[] {
  const names: string[] = [];
  for (const { id, url, organisation } of accounts) {
    const host = URL.canParse(url) ? new URL(url).host : url;
    const name = [organisation, host].find((each) => each !== undefined && !names.includes(each));
    names.push(name ?? `${host}-${id}`);
  }
  return names;
}

/**
 * The index of the one account that somebody means: by its name, the host or address of its controller, or who is signed in
 * there. Throws a Fault that lists them where none or several are meant.
 */
export function chooseAccount(accounts: readonly AccountMarks[], meant: string): number {
  const names = nameAccounts(accounts);
  const exact = accounts.findIndex(({ id }, index) => names[index] === meant || id === meant);
  if (exact >= 0) return exact;
  const fitting = accounts.flatMap(({ url, email }, index) => {
    const isHost = URL.canParse(url) && [new URL(url).host, new URL(url).hostname].includes(meant);
    return isHost || sameAddress(url, meant) || email === meant ? [index] : [];
  });
  const [index] = fitting;
  if (index !== undefined && fitting.length === 1) return index;
  const which = index === undefined ? 'there is no account' : 'more than one account fits';
  throw new Fault('protocol', `${which} "${meant}" on this device; choose one of: ${names.join(', ')}`);
}
