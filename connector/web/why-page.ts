/** Where the controller says why somebody may not, and takes requests for access. */
import type { Name } from '../../protocol/names.ts';
import type { Door } from '../../protocol/policy-document.ts';

/** @param start where sign-in begins; undefined before the first snapshot, and so is the page */
export function whyPage(start: string | undefined, host: Name, door: Door): string | undefined {
  if (start === undefined) return undefined;
  const url = new URL('/refused', start);
  url.searchParams.set('resource', host);
  url.searchParams.set('door', door);
  return url.href;
}
