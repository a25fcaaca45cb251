/**
 * The web door's own cookies: the session's and those of sign-ins under way. Reads them out of what a browser sends, hides
 * them from the origin, and keeps an origin from setting cookies of these names. Everything else passes as it is.
 */
import { hash } from 'node:crypto';
import { fromBase64Url, toBase64Url } from '../../protocol/encoding.ts';

const sessionCookie = '__Host-postern';
const prePrefix = '__Host-postern-pre-';
/** A sign-in may take this long, and a browser may have this many under way. */
const preSeconds = 600;
export const maxPre = 4;
const secretBytes = 32;
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export interface OwnCookies {
  /** The session cookie's SHA-256, base64url; undefined when there is none, several, or one that was never ours. */
  readonly session: string | undefined;
  /** Verifiers of sign-ins under way by their four digits, in the browser's order: the oldest first. */
  readonly pre: ReadonlyMap<string, Buffer>;
  /** What is left for the origin; undefined when that is nothing. */
  readonly rest: string | undefined;
}

const none: OwnCookies = { session: undefined, pre: new Map(), rest: undefined };

/** What came over one connection: a browser shows the same with almost every request, and it is read once. */
export class ShownCookies {
  #header: string | undefined;
  #read = none;

  /** @param header all `Cookie` headers joined by `; ` */
  read(header: string | undefined): OwnCookies {
    if (header !== this.#header) {
      this.#read = readCookies(header);
      this.#header = header;
    }
    return this.#read;
  }
}

/** @param header all `Cookie` headers joined by `; ` */
export function readCookies(header: string | undefined): OwnCookies {
  if (header === undefined) return none;
  if (!/postern/i.test(header)) return { ...none, rest: header };
  const pre = new Map<string, Buffer>();
  const sessions: (Buffer | undefined)[] = [];
  const rest: string[] = [];
  for (const pair of header.split(';').map((part) => part.trim())) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    if (!isOwnName(name === '' ? pair.slice(equals + 1) : name)) {
      if (pair !== '') rest.push(pair);
      continue;
    }
    const value = secretIn(pair.slice(equals + 1));
    if (name === sessionCookie) sessions.push(value);
    else if (name.startsWith(prePrefix) && value !== undefined) pre.set(name.slice(prePrefix.length), value);
  }
  const secret = sessions.length === 1 ? sessions[0] : undefined;
  return {
    session: secret === undefined ? undefined : hashOf(secret),
    pre,
    rest: rest.length === 0 ? undefined : rest.join('; '),
  };
}

export function setSession(secret: Buffer, seconds: number): string {
  return `${sessionCookie}=${toBase64Url(secret)}; ${attributes}; Max-Age=${Math.max(0, Math.floor(seconds))}`;
}

export const clearSession = `${sessionCookie}=; ${attributes}; Max-Age=0`;

/** @param digits four lower-case hexadecimal digits */
export function setPre(digits: string, verifier: Buffer): string {
  return `${prePrefix}${digits}=${toBase64Url(verifier)}; ${attributes}; Max-Age=${preSeconds}`;
}

export function clearPre(digits: string): string {
  return `${prePrefix}${digits}=; ${attributes}; Max-Age=0`;
}

/** A `Set-Cookie` of the origin without `Domain`; undefined when it would touch ours. */
export function originCookie(header: string): string | undefined {
  const [pair = '', ...rest] = header.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, Math.max(equals, 0)).trim();
  // A cookie without a name is sent as its value alone, which then reads as one.
  if (isOwnName(name === '' ? pair.slice(equals + 1).trim() : name)) return undefined;
  const kept = rest.filter((part) => !/^\s*domain\s*(=|$)/i.test(part));
  return kept.length === rest.length ? header : [pair, ...kept].join(';');
}

/** Names are compared without case: browsers refuse look-alikes of the prefix, servers may fold them. */
function isOwnName(name: string): boolean {
  return name.toLowerCase().startsWith(sessionCookie.toLowerCase());
}

function secretIn(text: string): Buffer | undefined {
  const bytes = text.length <= 64 ? fromBase64Url(text) : undefined;
  return bytes?.length === secretBytes ? bytes : undefined;
}

/** Under which a session is known by its cookie: SHA-256, base64url. */
export function hashOf(secret: Uint8Array): string {
  return hash('sha256', secret, 'base64url');
}
