/**
 * What the settings of a resource make of a request by a right: asked at the request, and again for as long as what it opened
 * is open, by what settings and right are then. Pure.
 */
import type { ConnectorWeb, PathRule } from '../../protocol/web-resource.ts';
import type { Right } from '../flows/right.ts';

/** Objections are named as in pages, answers and records. */
export type Checked =
  /** `endsMs`: the instant (epoch milliseconds) at which time alone makes the rule say something else. */
  | { readonly outcome: 'open'; readonly rule: PathRule; readonly endsMs: number }
  /** Servers differ in what they make of the path. */
  | { readonly outcome: 'path-ambiguous' }
  | { readonly outcome: 'path-blocked'; readonly rule: PathRule }
  | { readonly outcome: 'maintenance'; readonly text: string }
  /** Somebody has to come by a right, and nobody does. */
  | { readonly outcome: 'sign-in-needed' }
  | { readonly outcome: 'group-needed'; readonly rule: PathRule }
  | { readonly outcome: 'sign-in-too-old'; readonly rule: PathRule; readonly signInS: number };

const ambiguous = { outcome: 'path-ambiguous' } as const;
const signInNeeded = { outcome: 'sign-in-needed' } as const;

/**
 * @param rule that the request falls under, as `ruleFor` found it
 * @param right `preflight`: nobody's, and nobody is asked for
 * @param nowMs epoch milliseconds
 */
export function checkRule(
  rule: PathRule | 'ambiguous',
  { maintenance }: Pick<ConnectorWeb, 'maintenance'>,
  right: Pick<Right, 'who' | 'signedInS'> | 'preflight' | undefined,
  nowMs: number,
): Checked {
  if (rule === 'ambiguous') return ambiguous;
  if (rule.effect === 'block') return { outcome: 'path-blocked', rule };
  if (maintenance !== undefined) return { outcome: 'maintenance', text: maintenance };
  if (rule.effect === 'public' || right === 'preflight')
    return { outcome: 'open', rule, endsMs: Number.POSITIVE_INFINITY };
  if (right === undefined) return signInNeeded;
  const { groups, signIn } = rule;
  if (groups !== undefined && !right.who.groups.some((group) => groups.includes(group)))
    return { outcome: 'group-needed', rule };
  if (signIn === undefined) return { outcome: 'open', rule, endsMs: Number.POSITIVE_INFINITY };
  const { signedInS = Number.NEGATIVE_INFINITY } = right;
  const endsMs = (signedInS + signIn) * 1_000;
  return nowMs <= endsMs
    ? { outcome: 'open', rule, endsMs: endsMs + 1 }
    : { outcome: 'sign-in-too-old', rule, signInS: signIn };
}
