/** Files that a person names on the command line: read whole, or refused with the place and the remedy. */
import { readFileSync } from 'node:fs';
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

/** The text of the file. Throws a CommandError that ends in `remedy`. */
export function readInputFile(file: string, remedy = 'give a file that this user may read'): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CommandError(exits.usage, `${file} cannot be read (${code}); ${remedy}`);
  }
}
