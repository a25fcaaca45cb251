/**
 * Approved requests as policies: an allow of one resource for one person, with an end, and with the requires that the
 * approvers were shown and waived. Which requests are approved is the controller's; what they come to is decided here.
 */
import type { WhoDocument } from '../protocol/policy-document.ts';
import type { Policy } from './policy.ts';
import { unusedLockOf } from './unused-locks.ts';

export interface Approval {
  /** The request's id. */
  readonly id: string;
  /** The id of the person who asked. */
  readonly person: string;
  /** Who may ask: somebody who is not among them any more has no use of it. */
  readonly who: WhoDocument;
  /** The name of a resource. */
  readonly resource: string;
  /** Epoch ms; no longer at it. */
  readonly untilMs: number;
  /** Names of requires. */
  readonly waives: readonly string[];
}

/** How the allow is called that an approved request is: no policy of a document could have the name. */
function approvalName(id: string): string {
  return `request ${id}`;
}

/** Whoever asked for what was locked because they did not use it has it unlocked. */
export function approvalPolicy({ id, person, who, resource, untilMs, waives }: Approval): Policy {
  return {
    name: approvalName(id),
    effect: 'allow',
    who,
    person,
    to: { resources: [resource] },
    doors: ['client', 'web'],
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs,
    conditions: [],
    waives: new Set([...waives, unusedLockOf(resource)]),
  };
}
