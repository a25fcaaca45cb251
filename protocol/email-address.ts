/**
 * E-mail addresses as the product takes them from people and patterns: one reading of each, or none (SEC-A4). Narrower than
 * RFC 5321 on purpose: no quoted local parts, no comments, no address literals, ASCII only.
 */
import { parseName } from './names.ts';

/** A whole address in lower case. Made only by `parseEmail`. */
export type Email = string & { readonly __email: true };

const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/** The address in `text`, in lower case; undefined when it is none, or one that mail servers could read in two ways. */
export function parseEmail(text: string): Email | undefined {
  const lower = text.toLowerCase();
  const [local = '', domain = '', ...more] = lower.split('@');
  if (more.length > 0 || lower.length > 254 || local.length > 64 || !localPart.test(local)) return undefined;
  // Also no dot at its end and no other spelling: what is compared is what mail is sent to.
  return /^[\x21-\x7e]+\.[\x21-\x7e]+$/.test(domain) && parseName(domain) === domain
    ? (lower as Email)
    : undefined;
}

/** `*@domain`, every address at exactly that domain, or one address; in lower case. Undefined when it is neither. */
export function parseEmailPattern(text: string): string | undefined {
  // A star elsewhere is a letter to mail servers, and to whoever writes a pattern it is not.
  if (!text.startsWith('*@')) return text.includes('*') ? undefined : parseEmail(text);
  const any = parseEmail(`any${text.slice(1)}`);
  return any === undefined ? undefined : `*${any.slice(3)}`;
}

/** The patterns that mean this address. */
export function patternsFor(email: string): readonly [string, string] {
  return [email, `*${email.slice(email.lastIndexOf('@'))}`];
}
