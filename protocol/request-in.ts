/**
 * The request at a public hostname that an entry of the audit log is about, as one line for the dashboard and the terminal, which
 * what strangers send reaches without control characters.
 */

/** Of a path so much is shown; the whole stands in the entry. */
const shownPath = 60;

/** `GET /admin/x from 198.51.100.7`, and how many alike where it is of several; undefined where the entry is about none. */
export function requestIn(detail: unknown): string | undefined {
  if (typeof detail !== 'object' || detail === null) return undefined;
  const { method, path, address, count } = detail as Readonly<Record<string, unknown>>;
  const parts = [
    ...(typeof method === 'string' && typeof path === 'string' ? [`${method} ${cropped(path)}`] : []),
    ...(typeof address === 'string' ? [`from ${address}`] : []),
  ];
  const all = [parts.join(' '), ...(typeof count === 'number' ? [`${count} more`] : [])];
  const text = all.filter((part) => part !== '').join(', ');
  return text === '' ? undefined : text.replaceAll(/\p{C}/gu, '?');
}

function cropped(path: string): string {
  return path.length > shownPath ? `${path.slice(0, shownPath - 1)}…` : path;
}
