/** The web door of a resource as the document has it, in the one reading that checks, snapshots and decisions share. */
import type { Resource } from './organisation-state.ts';
import type { ResourceDocument } from '../../protocol/organisation-document.ts';
import type { WebDocument } from '../../protocol/web-document.ts';
import { isWildcard, parsePattern, type Pattern } from '../../protocol/names.ts';

/** The public hostnames; empty where there is no web door or the document was not checked. */
export function webHostnames({ web }: Pick<ResourceDocument, 'web'>): Pattern[] {
  return hostnameTexts(web).flatMap((text) => parsePattern(text) ?? []);
}

/** As they were written. */
export function hostnameTexts(web: WebDocument | undefined): readonly string[] {
  return web?.hostnames ?? (web?.hostname === undefined ? [] : [web.hostname]);
}

/** As they were written. */
export function originTexts(web: WebDocument): readonly string[] {
  return web.origins ?? (web.origin === undefined ? [] : [web.origin]);
}

/** `http(s)://host:port`, the port always there; undefined for a text that is no origin. A `*.` before the host stays. */
export function parseOrigin(text: string): string | undefined {
  const match = /^(https?):\/\/(\*\.)?([^/?#@\s]+)\/?$/i.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', wildcard = '', authority = ''] = match;
  const url = URL.parse(`${scheme}://${authority}`);
  if (url === null || url.hostname === '') return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return `${url.protocol}//${wildcard}${url.hostname}:${port}`;
}

/** Whether an origin stands for as many as the wildcard hostname does. */
export function isWildcardOrigin(text: string): boolean {
  return text.includes('://*.');
}

/** Whether all of its hostnames are wildcards. */
export function isWildcardDoor(web: WebDocument): boolean {
  const patterns = webHostnames({ web });
  return patterns.length > 0 && patterns.every(isWildcard);
}

/** Where a browser opens it: its first hostname that is no wildcard; undefined where there is none. */
export function webAddress(
  { definition }: Pick<Resource, 'definition'>,
  webPort: number,
): string | undefined {
  const host = webHostnames(definition).find((pattern) => !isWildcard(pattern));
  return host === undefined ? undefined : `https://${host}${webPort === 443 ? '' : `:${webPort}`}/`;
}
