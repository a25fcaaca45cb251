/** How `up` and `login` find the controller a person means, and whom to trust there at the first sign-in. */
import { AccountFolders, type AccountFolder } from '../client/accounts/account-folders.ts';
import { exits, Fault } from '../protocol/errors.ts';
import { decodeKey, encodeKey } from '../protocol/keys.ts';
import { discover } from '../protocol/node/discover.ts';
import { openIdentity } from '../protocol/node/identity.ts';
import type { StateDirectory } from '../protocol/node/state-directory.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';

export interface ControllerOptions {
  controller?: string;
  /** A file with the controller's own authority. */
  ca?: string;
  /** The controller's root key, base64url. */
  pin?: string;
}

/** The account that a controller's address leads to. */
export interface PersonsAccount {
  readonly id: string;
  /** Where its controller is now, when that is not where the device joined it. */
  readonly movedTo?: string;
}

/**
 * The account that `options.controller` names, made where there is none: its root is the pinned one, or the one the
 * controller shows over trusted TLS, and is remembered from then on. Undefined where no controller is named, and accounts
 * are there already. An address that is new to this device is another one of an account whose root it shows.
 */
export async function enrolPerson(
  state: StateDirectory,
  options: ControllerOptions,
): Promise<PersonsAccount | undefined> {
  const folders = new AccountFolders(state);
  const { controller: url } = options;
  if (url === undefined) {
    if (folders.list().length > 0) return undefined;
    throw new CommandError(
      exits.usage,
      `${state.path} knows no controller yet; give --controller URL for a person, or --key sk_… for a service`,
    );
  }
  requireAddress(url);
  const folder = folders.at(url);
  if (folder.enrolment?.node !== undefined) return { id: folder.id };
  const joined = folders.list().filter(({ enrolment }) => enrolment?.node !== undefined);
  if (joined.length > 0) {
    const root = await rootAt(url, options).catch((error: unknown) => {
      // It may be where the controller of the only account is from now on, and away at the moment.
      if (joined.length === 1) return undefined;
      throw error;
    });
    const moved = joined.filter(({ enrolment }) => root === undefined || enrolment?.root === encodeKey(root));
    const [only] = moved;
    if (only !== undefined && moved.length === 1) return { id: only.id, movedTo: url };
  }
  return { id: await joinAt(folder, url, options) };
}

/** The account of a controller that a person names to sign in to, made where there is none. Never one of another address. */
export async function enrolAt(
  state: StateDirectory,
  url: string,
  options: ControllerOptions,
): Promise<PersonsAccount> {
  requireAddress(url);
  const folder = new AccountFolders(state).at(url);
  return { id: folder.enrolment?.node === undefined ? await joinAt(folder, url, options) : folder.id };
}

/** The root key of a controller that this device has not joined; undefined where it has. */
export async function rootOfNew(
  state: StateDirectory,
  url: string,
  options: ControllerOptions,
): Promise<string | undefined> {
  requireAddress(url);
  if (new AccountFolders(state).at(url).enrolment?.node !== undefined) return undefined;
  return encodeKey(await rootAt(url, options));
}

async function joinAt(folder: AccountFolder, url: string, options: ControllerOptions): Promise<string> {
  const root = encodeKey(await rootAt(url, options));
  openIdentity(folder.state).enrol({ schema: 'postern.enrolment/v1', url, root });
  return folder.id;
}

function requireAddress(url: string): void {
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return;
  throw new CommandError(exits.usage, `"${url}" is no address; give one such as https://access.example.com`);
}

async function rootAt(url: string, { pin, ca }: ControllerOptions): Promise<Buffer> {
  return pin === undefined ? rootOverTls(url, ca) : pinnedRoot(pin);
}

function pinnedRoot(pin: string): Buffer {
  const root = decodeKey(pin);
  if (root !== undefined) return root;
  throw new CommandError(exits.usage, '--pin is no root key; copy the 43 characters the controller shows');
}

async function rootOverTls(url: string, caFile: string | undefined): Promise<Buffer> {
  // Over plain http nothing would vouch for the root, except that the other end is this machine.
  if (
    url.startsWith('http:') &&
    !/^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+)$/.test(new URL(url).hostname)
  )
    throw new CommandError(exits.usage, `${url} is not protected by TLS; use https://, or give --pin ROOT`);
  const authorities =
    caFile === undefined ? [] : [readInputFile(caFile, 'give --ca a PEM file that this user may read')];
  try {
    return (await discover(url, { kind: 'tls', authorities }, Math.floor(Date.now() / 1_000))).root;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const exit =
      error.code === 'unreachable' || error.code === 'timeout'
        ? exits.controllerUnreachable
        : exits.unexpected;
    throw new CommandError(exit, `${error.message}. Check the address and that the controller runs.`);
  }
}
