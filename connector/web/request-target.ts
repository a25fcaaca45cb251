/**
 * Whom and what a request is for: the one host it names, which must be the one its TLS connection was made to, and its path
 * as it stands. Whatever could be read in two ways is refused here, before anybody decides anything (SEC-B6, SEC-A7).
 */
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { parseName, type Name } from '../../protocol/names.ts';

export type RawRequest = IncomingMessage | Http2ServerRequest;

export interface Target {
  readonly host: Name;
  /** Host and, where it is not 443, port, as the browser has them in its address. */
  readonly authority: string;
  /** As it was sent, without the query. */
  readonly path: string;
  /** `?…` as it was sent, or nothing. */
  readonly query: string;
}

/** The target, or the status with which the request is refused: 400 for what is ambiguous, 421 for another host. */
export function targetOf(request: RawRequest, servername: string | undefined): Target | 400 | 421 {
  const url = request.url ?? '';
  // Absolute form, authority form and `*` are for proxies, which this is not to browsers.
  if (!url.startsWith('/') || /[#\\\p{Cc} ]|[^\u0021-\u007e]/u.test(url)) return 400;
  if (!isFramedPlainly(request)) return 400;
  const authority = authorityOf(request);
  if (authority === undefined) return 400;
  const named = hostIn(authority);
  if (named === undefined) return 400;
  if (named.host !== servername) return 421;
  const at = url.indexOf('?');
  return {
    ...named,
    path: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at),
  };
}

/**
 * Whether a body's end can be read in one way only (RFC 9112 §6.3). The parser refuses most of the rest, some of it only once
 * it has told of the request.
 */
function isFramedPlainly(request: RawRequest): boolean {
  const { rawHeaders } = request;
  const lengths: string[] = [];
  const codings: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 14 && name.toLowerCase() === 'content-length')
      lengths.push(rawHeaders[index + 1] ?? '');
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding')
      codings.push(rawHeaders[index + 1] ?? '');
  }
  if (lengths.length > 1 || !lengths.every((length) => /^\d{1,15}$/.test(length))) return false;
  if (codings.length === 0) return true;
  const isChunked = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked';
  return isChunked && lengths.length === 0 && request.httpVersion === '1.1';
}

/** Browsers name few hosts, over and over; whoever names others has them looked at each time. */
const maxKept = 1_000;
const kept = new Map<string, Pick<Target, 'host' | 'authority'>>();

function hostIn(written: string): Pick<Target, 'host' | 'authority'> | undefined {
  const known = kept.get(written);
  if (known !== undefined) return known;
  const [, hostname = '', port] = /^([^:@/?#[\]]+)(?::(\d{1,5}))?$/.exec(written) ?? [];
  const host = hostname.endsWith('.') ? undefined : parseName(hostname);
  if (host === undefined || Number(port ?? 443) > 65_535) return undefined;
  const isUsual = port === undefined || Number(port) === 443;
  const named = { host, authority: isUsual ? host : `${host}:${Number(port)}` };
  if (kept.size < maxKept) kept.set(written, named);
  return named;
}

function authorityOf(request: RawRequest): string | undefined {
  const { rawHeaders } = request;
  const hosts: string[] = [];
  let pseudo: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name === ':authority') pseudo = rawHeaders[index + 1];
    else if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[index + 1] ?? '');
  }
  if (request.httpVersionMajor !== 2) return hosts.length === 1 ? hosts[0] : undefined;
  if (hosts.length > 1 || (pseudo !== undefined && hosts.length === 1 && hosts[0] !== pseudo))
    return undefined;
  return pseudo ?? hosts[0];
}
