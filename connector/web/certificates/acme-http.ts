/**
 * The HTTP of acme-client: requests go to the origin of a directory that the operator named, and nowhere else, are checked
 * against its authority, and end within a time and a size. Nothing is redirected, sent through a proxy, or tried again here.
 */
import { Agent, request } from 'node:https';
import { buffer as readBuffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { AcmeProblem } from './acme-problem.ts';

const answerMs = 20_000;
const mostBytes = 1_048_576;
const typePrefix = 'urn:ietf:params:acme:error:';

/** What is used of a request of acme-client's own HTTP library. */
interface Asked {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly headers: { toJSON(): unknown };
  readonly data?: unknown;
}

/** acme-client has one HTTP library for the whole process, so what it may reach is kept for the process as well. */
const agents = new Map<string, Agent>();

/**
 * Lets acme-client reach the origin of this directory.
 * @param ca PEM of the only authorities that it may be certified by; the system's unless given
 */
export function permitDirectory(directory: URL, ca: string | undefined): void {
  const agent = new Agent({ ...(ca === undefined ? {} : { ca }), maxCachedSessions: 0 });
  agents.set(directory.origin, agent);
}

/** In place of the library's own way to send. Rejects with an AcmeProblem for whatever is no success. */
export async function sendToDirectory(asked: Asked): Promise<object> {
  const url = new URL(asked.url ?? '');
  const agent = agents.get(url.origin);
  if (agent === undefined)
    throw new AcmeProblem('answer', `the CA leads to ${url.origin}, which is not its own address`);
  const { status, headers, data } = await send(url, agent, asked);
  const problem = status >= 400 ? problemIn(data) : undefined;
  // acme-client knows what to do with a nonce that is used up.
  if (status < 400 || problem?.kind === 'badNonce')
    return { status, statusText: '', headers, data, config: asked, request: undefined };
  const seconds = Number(headers['retry-after']);
  throw new AcmeProblem(
    problem?.kind ?? 'answer',
    problem?.detail ?? `${url.host} answered with status ${status}`,
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined,
  );
}

interface Answered {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly data: string;
}

function send(url: URL, agent: Agent, { method = 'get', headers, data }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      agent,
      method: method.toUpperCase(),
      headers: headers.toJSON() as Record<string, string>,
      signal: AbortSignal.timeout(answerMs),
    });
    sent.once('error', (error) => reject(unreachable(url, error)));
    sent.once('response', (response) => {
      bounded(response)
        .then((bytes) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            data: bytes.toString('utf8'),
          }),
        )
        .catch((error: unknown) => reject(unreachable(url, error)));
    });
    sent.end(typeof data === 'string' ? data : undefined);
  });
}

function bounded(response: Readable): Promise<Buffer> {
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > mostBytes) response.destroy(new Error('it says too much'));
  });
  return readBuffer(response);
}

function unreachable(url: URL, error: unknown): AcmeProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = code === 'ABORT_ERR' || code === '23' ? 'no answer in time' : code;
  const text = why !== '' ? why : error instanceof Error ? error.message : 'unknown error';
  return new AcmeProblem('unreachable', `the CA at ${url.host} cannot be reached (${text})`);
}

function problemIn(text: string): { kind: string; detail: string } | undefined {
  try {
    const { type, detail } = JSON.parse(text) as { type?: unknown; detail?: unknown };
    if (typeof type !== 'string') return undefined;
    return { kind: type.replace(typePrefix, ''), detail: typeof detail === 'string' ? detail : type };
  } catch {
    return undefined;
  }
}
