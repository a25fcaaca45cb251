/**
 * How the controller fetches what an administrator named, an identity provider or a source of verdicts: five seconds, one
 * megabyte, no redirects, and the other side's own authority where the document brings one.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch } from 'undici';

export const outgoingTimeoutMs = 5_000;
const maxBytes = 1_048_576;

export interface OutgoingRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** A fetch of one other side; `ca` (PEM) is the only authority it then trusts. Rejects when a bound is passed. */
export function outgoingFetch(
  ca: string | undefined,
  timeoutMs = outgoingTimeoutMs,
): (url: string, request: OutgoingRequest) => Promise<Response> {
  const connect = { lookup: lookupWithLocalhost, ...(ca === undefined ? {} : { ca }) };
  const dispatcher = new Agent({ connect, connections: 4, keepAliveTimeout: 1_000 });
  return async (url, options) => {
    const signal = AbortSignal.any([
      AbortSignal.timeout(timeoutMs),
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const answer = await fetch(url, {
      ...options,
      body: options.body as string,
      redirect: 'manual',
      signal,
      dispatcher,
    });
    const body = await readBounded(answer.body);
    const bodiless = answer.status === 204 || answer.status === 304;
    return new Response(bodiless ? null : body, { status: answer.status, headers: [...answer.headers] });
  };
}

async function readBounded(body: AsyncIterable<Uint8Array> | null): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `dns.lookup`, except that everything below `localhost` is loopback, which many systems do not know (RFC 6761). */
const lookupWithLocalhost: LookupFunction = (hostname, options, callback) => {
  if (!/(^|\.)localhost$/i.test(hostname)) return systemLookup(hostname, options, callback);
  if (options.all === true) return callback(null, [{ address: '127.0.0.1', family: 4 }]);
  return callback(null, '127.0.0.1', 4);
};
