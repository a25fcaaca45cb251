/**
 * Whether a page of another site asks (SEC-J8). By the client door no cookie protects, and by the web door one that browsers
 * send along for every host of the same site, so what browsers say of themselves counts: who says nothing is no page.
 */
import type { RawRequest } from './request-target.ts';

export interface Site {
  /** The authority that was asked for. */
  readonly own: string;
  /** Origins that the resource lets in. */
  readonly listed: readonly string[];
}

/** Whether a page of another, unlisted site asks for more than to be left for this one, by a link or an address. */
export function isForeign({ method, headers }: RawRequest, { own, listed }: Site): boolean {
  const { origin } = headers;
  if (origin !== undefined && listed.includes(origin)) return false;
  const site = headers['sec-fetch-site'];
  const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
  if (isOwnSite && (origin === undefined || origin === `https://${own}`)) return false;
  const isTopLevel = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return !isTopLevel || (method !== 'GET' && method !== 'HEAD');
}

/** Whether an upgrade comes from the own or a listed origin; a program that is no browser names none. */
export function isOwnOrListed({ headers: { origin } }: RawRequest, { own, listed }: Site): boolean {
  return origin === undefined || origin === `https://${own}` || listed.includes(origin);
}
