/** Where a browser goes after signing in: a path on the controller's own pages and nothing else (SEC-G8). */

/** The way to a web application carries the path there, 2 KiB at most, encoded. */
const maxLength = 6_144;
const base = 'https://controller.invalid';

/** The path, query and fragment in `text` as a browser would read them; `/` for anything that leads elsewhere. */
export function returnPath(text: string | undefined): string {
  if (text === undefined || text.length > maxLength || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text)) return '/';
  if (text.includes('\\') || !URL.canParse(text, base)) return '/';
  const url = new URL(text, base);
  // Dot segments can leave a second slash at the front, which names another host.
  if (url.origin !== base || url.pathname.startsWith('//') || url.pathname.startsWith('/oidc/')) return '/';
  return url.pathname + url.search + url.hash;
}
