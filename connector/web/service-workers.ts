/**
 * Keeps an application from putting a service worker over the door's own pages (SEC-J6): one whose scope covers `/.postern` could
 * paint a sign-out that never happens, at every visit. A browser says when it fetches the script of one and lets the answer widen
 * the scope beyond the script's folder, but never says the scope itself, so what could reach there is refused as a whole.
 */
import type { Notice } from './pages.ts';
import type { RawRequest } from './request-target.ts';

const ours = '/.postern/';

/** Whether this fetches the script of a worker that may take any scope: one that lies right below the root. */
export function reachesOurs({ headers }: RawRequest, path: string): boolean {
  return headers['service-worker'] !== undefined && path.lastIndexOf('/') === 0;
}

/** Whether the `Service-Worker-Allowed` of an answer allows no scope that covers ours; a path that is not absolute is not kept. */
export function staysBeside(allowed: string): boolean {
  const path = allowed.startsWith('/') ? URL.parse(allowed, 'https://x')?.pathname : undefined;
  return path !== undefined && !ours.startsWith(path) && !path.toLowerCase().startsWith(ours.slice(0, -1));
}

export const workerOverOurs: Notice = {
  status: 403,
  error: 'service-worker-not-allowed',
  title: 'No service worker here',
  text: 'A service worker right below the root could take the place of the pages by which people sign out. Its administrator can allow it (serviceWorkers), or serve its script from a folder.',
};
