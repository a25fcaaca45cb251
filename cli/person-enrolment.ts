/** How `up` and `login` find the controller a person means, and whom to trust there at the first sign-in. */
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

/**
 * Writes the enrolment of a person's device when there is none: the root is the pinned one, or the one the controller
 * shows over trusted TLS, and is remembered from then on.
 */
export async function enrolPerson(state: StateDirectory, options: ControllerOptions): Promise<void> {
  const identity = openIdentity(state);
  // An attempt that never reached its controller binds nobody: another address may be given.
  const url = options.controller;
  if (identity.enrolment !== undefined && (identity.enrolment.node !== undefined || url === undefined))
    return;
  if (url === undefined) {
    throw new CommandError(
      exits.usage,
      `${state.path} knows no controller yet; give --controller URL for a person, or --key sk_… for a service`,
    );
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new CommandError(
      exits.usage,
      `"${url}" is no address; give one such as https://access.example.com`,
    );
  const root = options.pin === undefined ? await rootOverTls(url, options.ca) : pinnedRoot(options.pin);
  identity.enrol({ schema: 'postern.enrolment/v1', url, root: encodeKey(root) });
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
