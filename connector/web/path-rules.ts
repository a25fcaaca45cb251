/**
 * Which rule of a resource a path falls under. A path is read once, decoded, and one that could be read in two ways is
 * refused where rules exist: what is decided on is what the origin will see (SEC-A1, SEC-A7). Pure.
 */
import type { PathRule } from '../../protocol/web-resource.ts';

const needsSignIn: PathRule = { paths: [], effect: 'require' };

/**
 * The first rule that matches, a plain `require` where none does, or `ambiguous`.
 * @param path as it was sent, without its query
 */
export function ruleFor(rules: readonly PathRule[], method: string, path: string): PathRule | 'ambiguous' {
  if (rules.length === 0) return needsSignIn;
  const plain = plainPath(path);
  if (plain === undefined) return 'ambiguous';
  return rules.find((rule) => concerns(rule, method, plain)) ?? needsSignIn;
}

/** The path decoded; undefined when servers differ in what they make of it. */
export function plainPath(path: string): string | undefined {
  if (/%(2e|2f|5c|25|00|3b|23|3f)/i.test(path) || /[;\\\p{Cc}]/u.test(path)) return undefined;
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const segments = plain.split('/').slice(1);
  const hasEmpty = segments.slice(0, -1).includes('');
  return hasEmpty || segments.includes('.') || segments.includes('..') || /[\p{Cc}\\]/u.test(plain)
    ? undefined
    : plain;
}

function concerns(rule: PathRule, method: string, path: string): boolean {
  // HEAD asks for what GET would.
  const asked = method === 'HEAD' ? 'GET' : method;
  if (rule.methods !== undefined && !rule.methods.some((each) => (each === 'HEAD' ? 'GET' : each) === asked))
    return false;
  // An origin may fold case: what protects holds for every case, what opens for exactly one.
  const isOpen = rule.effect === 'public';
  const shown = isOpen ? path : path.toLowerCase();
  return rule.paths.some((pattern) => matches(isOpen ? pattern : pattern.toLowerCase(), shown));
}

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return pattern === path;
  const prefix = pattern.slice(0, -2);
  return path === prefix || path.startsWith(`${prefix}/`);
}
