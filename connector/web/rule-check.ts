/**
 * What the settings of a resource make of a request by a right: asked at the request, and again for as long as what it opened
 * is open, by what settings and right are then. Pure.
 */
import type { ConnectorWeb, PathRule } from '../../protocol/web-resource.ts';
import { ruleFor } from './path-rules.ts';
import type { Right } from './right.ts';

export type Checked =
  /** `endsMs`: the instant (epoch milliseconds) at which time alone makes the rule say something else. */
  | { readonly outcome: 'open'; readonly isPublic: boolean; readonly endsMs: number }
  /** Servers differ in what they make of the path. */
  | { readonly outcome: 'path-ambiguous' }
  | { readonly outcome: 'path-blocked'; readonly rule: PathRule }
  | { readonly outcome: 'maintenance'; readonly text: string }
  /** Somebody has to come by a right, and nobody does. */
  | { readonly outcome: 'sign-in-needed' }
  | { readonly outcome: 'group-needed'; readonly rule: PathRule }
  | { readonly outcome: 'sign-in-too-old'; readonly rule: PathRule; readonly signInS: number };

/** What stands against a request, or an open flow; named as in pages, answers and records. */
export type RuleObjection = Exclude<Checked, { outcome: 'open' }>['outcome'];

const ambiguous = { outcome: 'path-ambiguous' } as const;
const signInNeeded = { outcome: 'sign-in-needed' } as const;
const open = { outcome: 'open', isPublic: false, endsMs: Number.POSITIVE_INFINITY } as const;
const openToAll = { ...open, isPublic: true } as const;

/** @param nowMs epoch milliseconds */
export function checkRules(
  { rules, maintenance }: Pick<ConnectorWeb, 'rules' | 'maintenance'>,
  { method, path }: { readonly method: string; readonly path: string },
  right: Pick<Right, 'who' | 'signedInS'> | undefined,
  nowMs: number,
): Checked {
  const rule = ruleFor(rules, method, path);
  if (rule === 'ambiguous') return ambiguous;
  if (rule.effect === 'block') return { outcome: 'path-blocked', rule };
  if (maintenance !== undefined) return { outcome: 'maintenance', text: maintenance };
  if (rule.effect === 'public') return openToAll;
  if (right === undefined) return signInNeeded;
  const { groups, signIn } = rule;
  if (groups !== undefined && !right.who.groups.some((group) => groups.includes(group)))
    return { outcome: 'group-needed', rule };
  if (signIn === undefined) return open;
  const { signedInS = Number.NEGATIVE_INFINITY } = right;
  const endsMs = (signedInS + signIn) * 1_000;
  return nowMs <= endsMs
    ? { outcome: 'open', isPublic: false, endsMs: endsMs + 1 }
    : { outcome: 'sign-in-too-old', rule, signInS: signIn };
}
