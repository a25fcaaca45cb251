/**
 * What an origin is sent in place of a browser's headers, for requests and upgrades alike: nothing that is meant for one hop,
 * nothing that names somebody in any spelling a server might fold together, no secret of the web door; then what the door
 * itself says (SEC-B1 … B5, SEC-A2).
 */
import { connectionTokens } from './connection-tokens.ts';
import type { RawRequest, Target } from './request-target.ts';

/** Meant for the connection it came over (RFC 9110 §7.6.1), or answered here. */
const hopByHop = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What servers take an identity, an address or the original request from; folded as `foldedName` does. */
const claims = new Set([
  'client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'fastly-client-ip',
  'forwarded',
  'oidc-claim-email',
  'remote-addr',
  'remote-host',
  'true-client-ip',
  'x-auth-email',
  'x-auth-groups',
  'x-auth-name',
  'x-auth-user',
  'x-auth-username',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-host',
  'x-http-destinationurl',
  'x-original-forwarded-for',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-originating-ip',
  'x-proxyuser-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-rewrite-url',
  'x-url-scheme',
  'x-user',
]);
const claimPrefixes = [
  'cf-access-',
  'oidc-',
  'postern-',
  'remote-email',
  'remote-groups',
  'remote-name',
  'remote-user',
  'x-authentik-',
  'x-auth-request-',
  'x-authenticated-',
  'x-forwarded',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-ms-client-principal',
  'x-pomerium-',
  'x-remote-',
  'x-vouch-',
  'x-webauth-',
];

/** Who is told to the origin, and how. */
export interface Told {
  /** Name, value, name, value; empty: nobody signed in, and the origin is told of nobody. */
  readonly identity: readonly string[];
  /** The browser's address as the relay saw it; the client door shows none. */
  readonly address: string | undefined;
  /** What is left of the browser's cookies without the door's own. */
  readonly cookie: string | undefined;
  /** The Host the origin sees. */
  readonly host: string;
  /** Names of further headers that this resource's origin believes, removed from what comes from outside. */
  readonly reserved: readonly string[];
  /** Whether `Authorization` was for the door itself. */
  readonly ownAuthorization: boolean;
}

/** Name, value, name, value, for the origin. Never throws. */
export function originHeaders(request: RawRequest, target: Target, told: Told): string[] {
  const { rawHeaders } = request;
  const named = namedByConnection(rawHeaders);
  const reserved = told.reserved.length === 0 ? none : new Set(told.reserved.map(foldedName));
  const out: string[] = ['host', told.host];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const { name, folded, isOurs } = headerNamed(rawHeaders[index] ?? '');
    if (isOurs || named.has(name) || reserved.has(folded)) continue;
    if (name === 'cookie' || (name === 'authorization' && told.ownAuthorization)) continue;
    out.push(name, rawHeaders[index + 1] ?? '');
  }
  if (told.cookie !== undefined && !named.has('cookie')) out.push('cookie', told.cookie);
  if (told.address !== undefined) out.push('x-forwarded-for', told.address);
  out.push('x-forwarded-proto', 'https', 'x-forwarded-host', target.authority);
  const { authority } = target;
  const colon = authority.lastIndexOf(':');
  out.push('x-forwarded-port', colon < 0 ? '443' : authority.slice(colon + 1));
  out.push(...told.identity);
  return out;
}

/** A value as a header may carry it: ASCII, everything else percent-encoded as UTF-8. */
export function headerText(value: string): string {
  return value.replace(/[^\u0020-\u007e]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}

/** A header name as the most careless server reads it: CGI and its heirs make `_` of whatever is no letter or digit. */
function foldedName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-');
}

const none: ReadonlySet<string> = new Set();

interface HeaderName {
  readonly name: string;
  readonly folded: string;
  /** Whether it goes no further, whoever sends it: meant for this hop, or something the door itself says. */
  readonly isOurs: boolean;
}

/** Browsers send few names, over and over; whoever sends others has them looked at each time. */
const maxKept = 1_024;
const kept = new Map<string, HeaderName>();

function headerNamed(written: string): HeaderName {
  const known = kept.get(written);
  if (known !== undefined) return known;
  const name = written.toLowerCase();
  const folded = foldedName(name);
  const made = { name, folded, isOurs: name.startsWith(':') || hopByHop.has(name) || isClaim(folded) };
  if (kept.size < maxKept) kept.set(written, made);
  return made;
}

function isClaim(folded: string): boolean {
  return claims.has(folded) || claimPrefixes.some((prefix) => folded.startsWith(prefix));
}

/** Whatever `Connection` names is for this hop, too, whichever header lines it comes in. */
function namedByConnection(rawHeaders: readonly string[]): ReadonlySet<string> {
  let written: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const value = rawHeaders[index + 1] ?? '';
    written = written === undefined ? value : `${written},${value}`;
  }
  return connectionTokens(written);
}
