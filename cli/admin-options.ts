/** What every command of an administrator takes: which controller, with which token, and whom to trust on the way. */
import { Option, type Command } from 'commander';
import { exits } from '../protocol/errors.ts';
import { decodeApiToken } from '../protocol/secrets.ts';
import { readInputFile } from './input-file.ts';
import { CommandError } from './output.ts';
import { readSecret } from './secret.ts';

export interface AdminOptions {
  controller?: string;
  token?: string;
  tokenFile?: string;
  ca?: string;
}

/** A controller that is asked as an administrator. */
export interface AdminTarget {
  readonly url: URL;
  readonly token: string;
  /** PEM of a private authority; empty when the system's serve. */
  readonly authorities: readonly string[];
}

/** Adds the options to a command. */
export function withAdminOptions(command: Command): Command {
  return command
    .addOption(new Option('--controller <url>', 'the controller').env('POSTERN_CONTROLLER'))
    .option('--token <at_…>', 'API token (also POSTERN_TOKEN)')
    .option('--token-file <file>', 'file that holds it (also POSTERN_TOKEN_FILE; - for standard input)')
    .addOption(
      new Option('--ca <file>', "the controller's own authority, ca.pem in its data").env('POSTERN_CA'),
    );
}

/** Reads the options. Throws a sentence with the remedy when one is missing or wrong. */
export async function adminTarget(options: AdminOptions): Promise<AdminTarget> {
  const url = options.controller === undefined ? null : URL.parse(options.controller);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(
      exits.usage,
      options.controller === undefined
        ? 'no controller is named; give --controller URL, or set POSTERN_CONTROLLER'
        : `"${options.controller}" is no address; give one such as https://access.acme.example:8443`,
    );
  }
  const token = await readSecret('token', options.token, options.tokenFile);
  if (token === undefined || token === '') {
    throw new CommandError(
      exits.notSignedIn,
      'no API token is given; give --token-file FILE, or make one beside the data: postern token create --data DIR --role admin',
    );
  }
  if (decodeApiToken(token) === undefined) {
    throw new CommandError(
      exits.notSignedIn,
      'the API token is mistyped or is no at_ token; copy it whole, or make one: postern token create --data DIR --role admin',
    );
  }
  return {
    url,
    token,
    authorities:
      options.ca === undefined ? [] : [readInputFile(options.ca, `give the ca.pem of the controller's data`)],
  };
}
