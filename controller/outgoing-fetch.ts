/**
 * How the controller fetches what an administrator named, an identity provider or a source of verdicts: five seconds, one
 * megabyte unless said, no redirects, nothing compressed, and the other side's own authority where the document brings
 * one.
 */
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { EgressRefused, type MayReach } from './egress.ts';

export const outgoingTimeoutMs = 5_000;
const defaultMaxBytes = 1_048_576;

export interface OutgoingRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface OutgoingBounds {
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

/**
 * A fetch of one other side; `ca` (PEM) is the only authority it then trusts. Rejects when a bound is passed, and with
 * `EgressRefused` where it leads to an address that the controller may not go to: what is judged is what is dialled.
 */
export function outgoingFetch(
  mayReach: MayReach,
  ca: string | undefined,
  { timeoutMs = outgoingTimeoutMs, maxBytes = defaultMaxBytes }: OutgoingBounds = {},
): (url: string, request: OutgoingRequest) => Promise<Response> {
  const connect = { lookup: guardedLookup(mayReach), ...(ca === undefined ? {} : { ca }) };
  const dispatcher = new Agent({ connect, connections: 4, keepAliveTimeout: 1_000 });
  return async (url, { method, headers, body, signal: given }) => {
    // A literal is dialled without a lookup.
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !mayReach(host)) throw new EgressRefused();
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(given === undefined ? [] : [given])]);
    const asked = new Headers(headers);
    asked.set('accept-encoding', 'identity');
    if (body instanceof URLSearchParams && !asked.has('content-type'))
      asked.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
    // Not by fetch, which follows what the other end says of encodings and unpacks by itself (SEC-D5).
    const answer = await request(url, {
      method,
      headers: Object.fromEntries(asked),
      body: body === undefined || body === null ? null : (body as string | URLSearchParams).toString(),
      signal,
      dispatcher,
    }).catch(unreachable);
    const encoding = answer.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      answer.body.on('error', () => undefined).destroy();
      throw new Error('the answer is compressed, which nobody asked for');
    }
    const content = await readBounded(answer.body, maxBytes);
    const bodiless = answer.statusCode === 204 || answer.statusCode === 304;
    return new Response(bodiless ? null : content, {
      status: answer.statusCode,
      headers: pairsOf(answer.headers),
    });
  };
}

/** As fetch has it: no answer at all is a TypeError with its cause, and the end of our patience is what it is. */
function unreachable(error: unknown): never {
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) throw error;
  if (error instanceof EgressRefused) throw error;
  throw new TypeError('the other side cannot be reached', { cause: error });
}

function pairsOf(headers: Readonly<Record<string, string | string[] | undefined>>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  );
}

async function readBounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
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

/** Gives only addresses that may be gone to; with none left the connection fails with `EgressRefused`. */
function guardedLookup(mayReach: MayReach): LookupFunction {
  return (hostname, options, callback) => {
    lookupWithLocalhost(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found.filter(({ address }) => mayReach(address)) : [];
      const [first] = addresses;
      if (error !== null) return callback(error, []);
      if (first === undefined) return callback(new EgressRefused(), []);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}
