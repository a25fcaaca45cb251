/**
 * How the controller talks to an identity provider: five seconds, 64 kB, no redirects, nothing compressed, and the
 * provider's own authority where the document brings one.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { CustomFetch } from 'openid-client';
import { Agent, request } from 'undici';

export const providerTimeoutS = 5;
/** Ample for metadata, keys and tokens. */
const maxBytes = 65_536;

/** A fetch for one provider; `ca` (PEM) is the only authority it then trusts. Rejects when a bound is passed. */
export function providerFetch(ca: string | undefined, timeoutMs = providerTimeoutS * 1_000): CustomFetch {
  const connect = { lookup: lookupWithLocalhost, ...(ca === undefined ? {} : { ca }) };
  const dispatcher = new Agent({ connect, connections: 4, keepAliveTimeout: 1_000 });
  return async (url, { method, headers, body, signal: given }) => {
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
    });
    const encoding = answer.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      answer.body.on('error', () => undefined).destroy();
      throw new Error('the provider answered with a compressed body, which nobody asked for');
    }
    const content = await readBounded(answer.body);
    const bodiless = answer.statusCode === 204 || answer.statusCode === 304;
    return new Response(bodiless ? null : content, {
      status: answer.statusCode,
      headers: pairsOf(answer.headers),
    });
  };
}

function pairsOf(headers: Readonly<Record<string, string | string[] | undefined>>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  );
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the provider answered with more than ${maxBytes} bytes`);
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
