/** One call of an administrator's command to the controller's API, with its problems as sentences and exit codes. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Compile } from 'typebox/compile';
import { Problem } from '../protocol/problem.ts';
import { Proposed } from '../protocol/proposals.ts';
import { exits, type ExitCode } from '../protocol/errors.ts';
import { dialOptions } from '../protocol/node/dial-options.ts';
import { toDialFault } from '../protocol/node/discover.ts';
import type { AdminTarget } from './admin-options.ts';
import { CommandError } from './output.ts';

const timeoutMs = 60_000;
const maxAnswerBytes = 64 * 1_024 * 1_024;
const isProblem = Compile(Problem);
const isProposed = Compile(Proposed);

/** What the controller refused, with its problem details. */
export class ApiProblem extends CommandError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(exitOfStatus(problem.status), problem.detail ?? `${problem.title}${remedyOf(problem)}`);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

/** What was asked for is kept for a second administrator; whoever goes on without it would go on without what it makes. */
class Waits extends CommandError {
  constructor(proposal: string) {
    super(
      exits.denied,
      `nothing has changed yet: ${proposal} waits for a second administrator, on the page Proposals; what comes of it: postern policy take ${proposal}`,
    );
  }
}

/** Calls and returns the JSON answer (undefined for 204). Throws an `ApiProblem` or another `CommandError`. */
export async function adminCall(
  target: AdminTarget,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { status, text } = await exchange(target, method, path, body, headers);
  if (status === 204) return undefined;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new CommandError(exits.unexpected, `${target.url.origin} does not answer as a Postern controller`);
  }
  // A change of the document says so itself.
  if (status === 202 && isProposed.Check(answer) && !path.startsWith('/api/v1/document'))
    throw new Waits(answer.proposal);
  if (status < 300) return answer;
  if (isProblem.Check(answer)) throw new ApiProblem(answer);
  throw new CommandError(exits.unexpected, `${target.url.origin} answered ${status}`);
}

function exchange(
  { url, token, authorities }: AdminTarget,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
    new URL(path, url),
    {
      ...dialOptions(authorities),
      method,
      agent: false,
      timeout: timeoutMs,
      headers: {
        ...headers,
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    },
    (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxAnswerBytes) request.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', (error) => reject(unreachable(error, url)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    },
  );
  request.on('timeout', () => request.destroy(new Error('it did not answer in time')));
  request.on('error', (error) => reject(unreachable(error, url)));
  request.end(payload);
  return promise;
}

function unreachable(error: Error, { origin }: URL): CommandError {
  const { message } = toDialFault(error, origin);
  return new CommandError(
    exits.controllerUnreachable,
    message.includes('not trusted')
      ? `the certificate of ${origin} is not trusted; give --ca with the ca.pem of the controller's data`
      : `${message}; check that the controller runs and the address is right`,
  );
}

function exitOfStatus(status: number): ExitCode {
  switch (status) {
    case 400:
    case 404:
    case 409:
    case 413:
    case 422:
      return exits.usage;
    case 401:
      return exits.notSignedIn;
    case 403:
      return exits.denied;
    default:
      return exits.unexpected;
  }
}

function remedyOf({ status, issues }: Problem): string {
  if (status === 401) {
    return ': the API token is mistyped, expired or of another controller; make one: postern token create --data DIR --role admin';
  }
  if (status === 403) return ': the token has another role; make one with --role admin';
  const [first] = issues ?? [];
  return first === undefined ? '' : `: ${[...first.path, first.message].join(' ')}`;
}
