/** Calls to the client or connector that runs on this machine, with what to do when none does. */
import { exits, Fault } from '../protocol/errors.ts';
import { callLocalApi } from '../protocol/node/local-api.ts';
import { CommandError } from './output.ts';

/** The answer of the running process. Throws a CommandError that says how to start one when there is none. */
export async function callRunning(
  state: string,
  method: 'GET' | 'POST',
  route: string,
  body?: object,
): Promise<unknown> {
  try {
    return await callLocalApi(state, method, route, body);
  } catch (error) {
    if (error instanceof Fault && error.code === 'unreachable')
      throw new CommandError(exits.unexpected, error.message);
    // It could not tell what was meant: of which account, for example.
    if (error instanceof Fault && error.code === 'protocol')
      throw new CommandError(exits.usage, error.message);
    throw error;
  }
}
