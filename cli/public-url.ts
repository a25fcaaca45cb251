/** Where a controller was last reached, as it wrote down in its data, for commands that run beside it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

/** In the data directory. */
export const publicUrlFile = 'public-url';

/** The address that was given, or the one in the data. Throws a sentence where there is none. */
export function publicUrlOf(data: string, given: string | undefined): URL {
  const file = join(data, publicUrlFile);
  const text = given ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(
      exits.usage,
      given === undefined
        ? 'it is not known where the controller is reached; give --public-url URL'
        : `"${given}" is no address; give one such as https://access.acme.example:8443`,
    );
  }
  return url;
}
