/** One request to the controller's API, and what an answer that is no success becomes. */
import type { DocumentIssue } from '../../../protocol/problem.ts';

/** An answer that is no success. `status` 0: the controller was not reached. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Under which an administrator finds it in the audit log. */
  readonly trace: string | undefined;
  /** What is wrong with what was sent, piece by piece. */
  readonly issues: readonly DocumentIssue[];

  constructor(status: number, detail: string, trace?: string, issues: readonly DocumentIssue[] = []) {
    super(detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.trace = trace;
    this.issues = issues;
  }
}

/** What a change says that was kept for a second administrator instead of being made. */
export const waitsText =
  'Nothing has changed yet: a second administrator has to approve it, under Proposals in the menu.';

export interface Sent {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * One request, sent once somebody waits for its answer and never twice. Until then it is only what would be sent, which is how
 * a page shows a change as code before it is made. Rejects with an `ApiProblem`.
 */
export class ApiCall<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'ApiCall';
  readonly method: Method;
  /** Below `/api/v1/`. */
  readonly path: string;
  readonly sent: Sent;
  #answer: Promise<T> | undefined;

  constructor(method: Method, path: string, sent: Sent) {
    this.method = method;
    this.path = path;
    this.sent = sent;
  }

  // A request that is waited for is a promise like any other.
  // oxlint-disable-next-line unicorn/no-thenable
  then<R = T, E = never>(
    onAnswer?: ((value: T) => R | PromiseLike<R>) | null,
    onProblem?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.#asked().then(onAnswer, onProblem);
  }

  catch<E = never>(onProblem?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this.#asked().catch(onProblem);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.#asked().finally(onEnd);
  }

  #asked(): Promise<T> {
    this.#answer ??= send<T>(this.method, this.path, this.sent);
    return this.#answer;
  }
}

/** `path` below `/api/v1/`. */
export function call<T>(method: Method, path: string, sent: Sent = {}): ApiCall<T> {
  return new ApiCall<T>(method, path, sent);
}

async function send<T>(method: Method, path: string, { body, headers }: Sent): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new ApiProblem(0, 'The controller cannot be reached.');
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text().catch(() => '');
  if (!response.ok) throw problemIn(response.status, read(text));
  // A change of the document says so itself.
  if (response.status === 202 && !path.startsWith('document')) throw new ApiProblem(202, waitsText);
  return (method === 'GET' ? readOnce(path, text) : read(text)) as T;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lists of this many characters and more, of which a few are kept beside their text. */
const large = 50_000;
const mostLarge = 4;
/** Least recently asked for first. */
const largeAnswers = new Map<string, { readonly text: string; readonly value: unknown }>();

/**
 * What a path answered. The same object for the same text as last time: lists of ten thousand are asked for again and again
 * while they are looked at, and mostly nothing has changed, so that nothing has to be read, compared or drawn anew.
 */
function readOnce(path: string, text: string): unknown {
  const known = largeAnswers.get(path);
  largeAnswers.delete(path);
  if (text.length < large) return read(text);
  const answer = known?.text === text ? known : { text, value: read(text) };
  const [oldest] = largeAnswers.keys();
  if (oldest !== undefined && largeAnswers.size >= mostLarge) largeAnswers.delete(oldest);
  largeAnswers.set(path, answer);
  return answer.value;
}

/** A path with its query; what is undefined is left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

function problemIn(status: number, answer: unknown): ApiProblem {
  const { detail, title, trace, issues } = (answer ?? {}) as Record<string, unknown>;
  const text = [detail, title].find((each) => typeof each === 'string');
  return new ApiProblem(
    status,
    typeof text === 'string' ? text : 'The controller gave an answer this page does not understand.',
    typeof trace === 'string' ? trace : undefined,
    Array.isArray(issues) ? (issues as DocumentIssue[]) : [],
  );
}
