/** The request at a public hostname that an entry of the log is about, as one line. */

/** `GET /admin/x`, and how many alike where it is of several; undefined where the entry is about none. */
export function requestIn(detail: unknown): string | undefined {
  if (typeof detail !== 'object' || detail === null) return undefined;
  const { method, path, address, count } = detail as Readonly<Record<string, unknown>>;
  const parts = [
    ...(typeof method === 'string' && typeof path === 'string' ? [`${method} ${path}`] : []),
    ...(typeof address === 'string' ? [`from ${address}`] : []),
    ...(typeof count === 'number' ? [`${count} more`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' ');
}
