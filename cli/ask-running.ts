/** What a person asks of the controller through the client that runs here; a refusal becomes its sentence and exit code. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { exits, type ExitCode } from '../protocol/errors.ts';
import { Problem } from '../protocol/problem.ts';
import { callRunning } from './local-call.ts';
import { CommandError } from './output.ts';

const isAnswer = Compile(Type.Object({ status: Type.Integer(), body: Type.Optional(Type.Unknown()) }));
const isProblem = Compile(Problem);

/** The body of the answer, unchecked. @param hidden the exit code where there is no such thing */
export async function askRunning(
  state: string,
  route: string,
  what: object,
  hidden: ExitCode = exits.usage,
): Promise<unknown> {
  const answered = await callRunning(state, 'POST', route, what);
  if (!isAnswer.Check(answered)) throw unreadable();
  const { status, body } = answered;
  if (status < 300) return body;
  if (!isProblem.Check(body)) throw unreadable();
  const [issue] = body.issues ?? [];
  const text = body.detail ?? (issue === undefined ? body.title : [...issue.path, issue.message].join(' '));
  throw new CommandError(exitOf(status, hidden), text);
}

/** Whether an API token is given, so that the command is an administrator's. */
export function isAdministrator({ token, tokenFile }: { token?: string; tokenFile?: string }): boolean {
  const { POSTERN_TOKEN, POSTERN_TOKEN_FILE } = process.env;
  return [token, tokenFile, POSTERN_TOKEN, POSTERN_TOKEN_FILE].some((each) => each !== undefined);
}

export function unreadable(): CommandError {
  return new CommandError(exits.unexpected, 'the answer is none that this version understands');
}

function exitOf(status: number, hidden: ExitCode): ExitCode {
  if (status === 401) return exits.notSignedIn;
  if (status === 403) return exits.denied;
  if (status === 404) return hidden;
  return status < 429 ? exits.usage : exits.unexpected;
}
