/** A server was started for the first time without the key that lets it join. */
import { exits } from '../protocol/errors.ts';
import { CommandError } from './output.ts';

/** `made`: the option of `postern token create` that makes such a key. */
export function notEnrolled(state: string, made: string): CommandError {
  return new CommandError(
    exits.usage,
    `${state} holds no enrolment yet; give --key-file FILE with a pk_ key, made by: postern token create ${made}`,
  );
}
