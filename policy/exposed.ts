/**
 * What people expose, as policies: who may do it, which policies with `mayExpose` say, and who may open what is exposed, as
 * allows of one resource with an end. What is exposed now is the controller's; what it comes to is decided here.
 */
import type { PolicyDocument, WhoDocument } from '../protocol/policy-document.ts';
import type { Facts } from './facts.ts';
import type { Policy } from './policy.ts';

/** What whoever wants to expose a port is asked about, in place of a resource: no document could declare the name. */
export const exposing: Facts['resource'] = { name: 'postern expose', tags: [] };

/**
 * The policies that decide who may expose: those with `mayExpose`, and what is denied or required for everything. An allow
 * of everything is none of them.
 */
export function exposingPolicies(policies: readonly PolicyDocument[]): PolicyDocument[] {
  return policies.flatMap((policy) => {
    const { doors = ['client'], ...rest } = policy;
    if (policy.mayExpose === true) return [{ ...rest, to: { resources: [exposing.name] } }];
    const isForAll = policy.to === 'everything' && policy.allow === undefined;
    return isForAll && doors.includes('client') ? [policy] : [];
  });
}

/** Who may open one thing that is exposed. */
export interface ExposedTo {
  /** The name of its resource. */
  readonly resource: string;
  /** The id of whoever exposes it. */
  readonly person: string;
  /** Who else; undefined: nobody. */
  readonly allow: WhoDocument | undefined;
  /** Epoch ms; no longer at it. */
  readonly untilMs: number;
}

export function exposurePolicies({ resource, person, allow, untilMs }: ExposedTo): Policy[] {
  const common: Omit<Policy, 'name' | 'who'> = {
    effect: 'allow',
    to: { resources: [resource] },
    doors: ['client', 'web'],
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs,
    conditions: [],
  };
  return [
    // No policy of a document could have these names.
    { ...common, name: `exposed by you: ${resource}`, who: 'everyone', person },
    ...(allow === undefined ? [] : [{ ...common, name: `exposed to you: ${resource}`, who: allow }]),
  ];
}
