/**
 * CORS preflights (Fetch §4.8): before a page of another site sends more than a form could, its browser asks the application
 * whether it may, without cookies or credentials. Those of listed sites reach the application as nobody's, which alone says
 * what it permits; whoever writes such a request by hand gets no further than that question.
 */
import { shownPass } from './passes.ts';
import { hasBody } from './request-body.ts';
import type { RawRequest } from './request-target.ts';

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~\w-]+$/;

/** Whether this is such a question of one of the `listed` origins, and nothing else: no body, no cookie, no credentials. */
export function isPreflight(raw: RawRequest, listed: readonly string[]): boolean {
  if (raw.method !== 'OPTIONS') return false;
  const { origin, cookie, authorization, 'access-control-request-method': wanted } = raw.headers;
  const isAsked = wanted !== undefined && token.test(wanted);
  const isListed = origin !== undefined && listed.includes(origin);
  const isBare = cookie === undefined && authorization === undefined && shownPass(raw) === undefined;
  return isAsked && isListed && isBare && !hasBody(raw);
}
