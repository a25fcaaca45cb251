/** A request to the API as a line for a shell. */
import type { ApiCall } from './call.ts';

/** Undefined for what a token may never do, since it is a person's own. */
export function codeOf(
  { method, path, sent: { body } }: Pick<ApiCall<unknown>, 'method' | 'path' | 'sent'>,
  origin: string,
): string | undefined {
  if (/^me(\/|$)/.test(path)) return undefined;
  const parts = [
    `curl -X ${method} -H "Authorization: Bearer $TOKEN"`,
    ...(body === undefined
      ? []
      : ["-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
    quoted(`${origin}/api/v1/${path}`),
  ];
  return parts.join(' ');
}

/** As one word of a shell, whatever is in it. */
function quoted(text: string): string {
  return /^[\w./:@%=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
