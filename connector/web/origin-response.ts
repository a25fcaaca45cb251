/**
 * What a browser is sent of an origin's response headers: nothing that is meant for one hop, nothing that touches the door's
 * own cookies or leads around the door, and no internal address where the origin names itself (SEC-J5, SEC-J6, rule 1).
 */
import { connectionTokens } from './connection-tokens.ts';
import { originCookie } from './cookies.ts';
import type { ChosenOrigin } from './origins.ts';
import { staysBeside } from './service-workers.ts';

export type ResponseHeaders = Record<string, string | string[] | undefined>;

const dropped = new Set([
  'alt-svc',
  'alternates',
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'public-key-pins',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface ResponseContext {
  /** As the connector dialled it. */
  readonly origin: Pick<ChosenOrigin, 'text'>;
  /** As the browser has it: `https://host[:port]`. */
  readonly publicOrigin: string;
  /** Whether the application may put a service worker over everything at its hostname. */
  readonly serviceWorkers?: boolean;
}

/** A copy; names are lower case, as undici gives them. */
export function browserHeaders(headers: ResponseHeaders, context: ResponseContext): ResponseHeaders {
  const { connection } = headers;
  const named = connectionTokens(typeof connection === 'string' ? connection : connection?.join(','));
  const out: ResponseHeaders = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || dropped.has(name) || named.has(name) || name.startsWith('postern-')) continue;
    switch (name) {
      case 'set-cookie': {
        const kept = listOf(value).flatMap((cookie) => originCookie(cookie) ?? []);
        if (kept.length > 0) out[name] = kept.map(safe);
        break;
      }
      case 'clear-site-data': {
        const kept = listOf(value)
          .flatMap((list) => list.split(','))
          .map((directive) => directive.trim())
          .filter((directive) => directive === '"cache"' || directive === '"storage"');
        if (kept.length > 0) out[name] = kept.join(', ');
        break;
      }
      case 'location':
      case 'content-location':
        out[name] = safe(outside(listOf(value)[0] ?? '', context));
        break;
      case 'service-worker-allowed':
        if (context.serviceWorkers === true || listOf(value).every(staysBeside)) out[name] = value;
        break;
      default:
        out[name] = typeof value === 'string' ? safe(value) : value.map(safe);
    }
  }
  return out;
}

/** Where the origin names its own address, or the public one without TLS, the browser is told the public one. */
function outside(location: string, { origin, publicOrigin }: ResponseContext): string {
  const url = /^(https?:)?\/\//i.test(location) ? URL.parse(location, origin.text) : null;
  if (url === null) return location;
  const isOrigin = url.origin === origin.text;
  // An origin that does not look at X-Forwarded-Proto believes that the world speaks to it in plain text.
  const isPlainPublic = url.origin === publicOrigin.replace(/^https/, 'http');
  if (!isOrigin && !isPlainPublic) return location;
  return `${publicOrigin}${url.pathname}${url.search}${url.hash}`;
}

const unsafe = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const allUnsafe = new RegExp(unsafe, 'g');

/** Bytes that a header cannot carry are left out: an origin's mistake does not cost the browser the answer. */
function safe(value: string): string {
  return unsafe.test(value) ? value.replaceAll(allUnsafe, '') : value;
}

function listOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
