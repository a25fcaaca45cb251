/** The answer to `plan`: what a document would change, who would lose or gain by it, and which tests fail. */
import { Type, type Static } from 'typebox';
import { EntryChange } from './document-revisions.ts';
import { Door } from './policy-document.ts';

/** Who would lose or gain what by a document; one row for people and resources to whom the same happens. */
export const PlanAccess = Type.Object({
  /** `needs-…`: possible before and after, but it takes more, less, or something else. */
  change: Type.Union([
    Type.Literal('loses'),
    Type.Literal('gains'),
    Type.Literal('needs-more'),
    Type.Literal('needs-less'),
    Type.Literal('needs-other'),
  ]),
  /** `now`: with the devices and sessions that are open. `once-met`: as soon as they are signed in and meet `needs`. */
  when: Type.Union([Type.Literal('now'), Type.Literal('once-met')]),
  who: Type.Object({
    /** `anyone`: one of these groups, of which nobody has been seen. */
    kind: Type.Union([Type.Literal('people'), Type.Literal('anyone'), Type.Literal('service account')]),
    count: Type.Integer(),
    /** Some of them. */
    names: Type.Array(Type.String()),
    /** Groups that all of them have. */
    groups: Type.Array(Type.String()),
  }),
  /** Some of them. */
  resources: Type.Array(Type.String()),
  resourceCount: Type.Integer(),
  doors: Type.Array(Door),
  /** Conditions that it takes afterwards. */
  needs: Type.Array(Type.String()),
  /** Policies that are new, gone or changed and make the difference. */
  policies: Type.Array(Type.String()),
});
export type PlanAccess = Static<typeof PlanAccess>;

/** Something that is allowed in a document and probably not meant. */
export const PlanWarning = Type.Object({
  kind: Type.Union([
    Type.Literal('looser-allow'),
    Type.Literal('matches-nobody'),
    Type.Literal('matches-nothing'),
    Type.Literal('waives-nothing'),
    Type.Literal('over'),
  ]),
  policy: Type.String(),
  other: Type.Optional(Type.String()),
  resources: Type.Optional(Type.Array(Type.String())),
  message: Type.String(),
});
export type PlanWarning = Static<typeof PlanWarning>;

/** A policy test that fails, with each resource about which it is wrong and what decided. */
export const FailedPolicyTest = Type.Object({
  /** Its place in `tests`. */
  index: Type.Integer(),
  subject: Type.String(),
  failures: Type.Array(
    Type.Object({
      expected: Type.Union([Type.Literal('can'), Type.Literal('cannot')]),
      /** Its place in that list. */
      place: Type.Integer(),
      resource: Type.String(),
      door: Door,
      reasons: Type.Array(
        Type.Object({
          reason: Type.String(),
          policy: Type.Optional(Type.String()),
          condition: Type.Optional(Type.String()),
        }),
      ),
    }),
  ),
});
export type FailedPolicyTest = Static<typeof FailedPolicyTest>;

/** The answer to `plan`: what a document would do. */
export const PlanResult = Type.Object({
  /** The revision in force, which it was compared with. */
  revision: Type.Integer(),
  changes: Type.Array(Type.Object(EntryChange)),
  access: Type.Array(PlanAccess),
  /** Rows of `access` that are not shown. */
  moreAccess: Type.Integer(),
  /** Combinations of people, resource and door that were not looked at: the change is too large. */
  notLookedAt: Type.Integer(),
  warnings: Type.Array(PlanWarning),
  moreWarnings: Type.Integer(),
  tests: Type.Object({ passed: Type.Integer(), failed: Type.Array(FailedPolicyTest) }),
});
export type PlanResult = Static<typeof PlanResult>;
