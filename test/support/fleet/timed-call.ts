/**
 * One call to the controller's API, as a process in a place that reaches it, with the instants at which it was asked and
 * answered: a command line would answer later than the API did, and flatter what is measured from there on.
 *
 *   node timed-call.ts METHOD URL < BODY       with POSTERN_TOKEN_FILE, and the authority in NODE_EXTRA_CA_CERTS
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Organisation } from '../organisation/organisation.ts';

export interface Answered {
  readonly status: number;
  /** Parsed JSON; undefined where the answer is empty. */
  readonly body: unknown;
  /** Epoch milliseconds. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** Calls the API of `organisation` as its administrator. Rejects when there is no answer below 400. */
export async function timedCall(
  { site: { internet }, url, adminEnvironment, caFile }: Organisation,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answered> {
  const { code, stdout, stderr } = await internet.run(
    'node',
    [fileURLToPath(import.meta.url), method, url + path],
    {
      env: { ...adminEnvironment, NODE_EXTRA_CA_CERTS: caFile },
      input: body === undefined ? '' : JSON.stringify(body),
    },
  );
  if (code !== 0) throw new Error(`${method} ${path}: ${stderr}`);
  return JSON.parse(stdout) as Answered;
}

if (import.meta.main) await call(process.argv.slice(2));

async function call([method, url]: string[]): Promise<void> {
  if (method === undefined || url === undefined) throw new Error('usage: timed-call.ts METHOD URL < BODY');
  const body = readFileSync(0, 'utf8');
  const token = readFileSync(process.env.POSTERN_TOKEN_FILE ?? '', 'utf8').trim();
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
  };
  const askedAt = Date.now();
  const response = await fetch(url, { method, headers, ...(body === '' ? {} : { body }) });
  const answeredAt = Date.now();
  const text = await response.text();
  if (response.status >= 400) throw new Error(`${response.status} ${text}`);
  const answer = {
    status: response.status,
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
    askedAt,
    answeredAt,
  };
  process.stdout.write(JSON.stringify(answer));
}
