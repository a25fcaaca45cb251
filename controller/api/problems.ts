/**
 * Every error the API answers with, in one table (RFC 9457). A handler throws `ProblemError`; anything else that is thrown
 * becomes `internal` and its text stays in the log.
 */
import type { DocumentIssue, Problem } from '../../protocol/problem.ts';
import { formatDuration } from '../../protocol/durations.ts';
import { Fault } from '../../protocol/errors.ts';
import { UnusableDatabase } from '../store/unusable-database.ts';

export const problems = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'invalid-document': { status: 422, title: 'The document is not valid; nothing was changed' },
  'not-authenticated': { status: 401, title: 'Sign in or send a valid token' },
  'not-allowed': { status: 403, title: 'This is not yours to do' },
  'not-fresh': { status: 403, title: 'This takes a sign-in of the last minutes; sign in again' },
  'not-found': { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'The state of things does not allow this now' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'The request is not JSON' },
  'too-many': { status: 429, title: 'Too many tries' },
  limit: { status: 429, title: 'The organisation is at its limit' },
  internal: { status: 500, title: 'Something unexpected failed' },
  unavailable: { status: 503, title: 'Not ready' },
} as const;

export type ProblemName = keyof typeof problems;

/** Thrown by handlers; `detail` is a sentence for the caller and holds no secret. */
export class ProblemError extends Error {
  readonly problem: ProblemName;
  readonly detail: string | undefined;
  readonly issues: readonly DocumentIssue[] | undefined;
  /** Seconds after which trying again may help (RFC 9110 section 10.2.3). */
  retryAfterS: number | undefined;
  /** Under which it stands in the audit log. */
  readonly trace: string | undefined;

  constructor(problem: ProblemName, detail?: string, issues?: readonly DocumentIssue[], trace?: string) {
    super(detail ?? problems[problem].title);
    this.problem = problem;
    this.detail = detail;
    this.issues = issues;
    this.trace = trace;
  }

  /** Too many tries; the next counts after so many milliseconds. */
  static tooMany(waitMs: number): ProblemError {
    const waitS = Math.max(1, Math.ceil(waitMs / 1_000));
    const error = new ProblemError('too-many', `Too many tries. Wait ${formatDuration(waitS * 1_000)}.`);
    error.retryAfterS = waitS;
    return error;
  }
}

/** The body of an error. */
export function problemBody(
  name: ProblemName,
  detail?: string,
  issues?: readonly DocumentIssue[],
  trace?: string,
): Problem {
  const { status, title } = problems[name];
  return {
    type: `urn:postern:problem:${name}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(issues === undefined ? {} : { issues: [...issues] }),
    ...(trace === undefined ? {} : { trace }),
  };
}

/** Which problem a thrown value is; faults of Fastify keep their meaning. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof UnusableDatabase && error.state === 'away')
    return new ProblemError('unavailable', 'The records cannot be read just now; try again in a moment.');
  if (error instanceof Fault && error.code === 'busy') return new ProblemError('unavailable', error.message);
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 413) return new ProblemError('too-large');
  if (status === 415) return new ProblemError('unsupported-media-type');
  if (typeof status === 'number' && status >= 400 && status < 500) return new ProblemError('invalid-request');
  return new ProblemError('internal');
}

/** A thrown value as the API would answer it. Throws the value itself where it is nobody's fault but ours. */
export function problemAnswer(error: unknown): { readonly status: number; readonly body: Problem } {
  const { problem, detail, issues } = problemOf(error);
  if (problem === 'internal') throw error;
  const body = problemBody(problem, detail, issues);
  return { status: body.status, body };
}
